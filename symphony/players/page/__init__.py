"""Pages and pictures that stand on their own: style, tables, charts, and the reports made of them."""
