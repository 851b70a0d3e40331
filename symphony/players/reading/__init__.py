"""Reading folders, files and text from the outside world, without surprises."""
