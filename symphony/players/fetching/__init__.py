"""Fetching over HTTP: only http and https, few redirects, a limit on size that is kept while reading."""
