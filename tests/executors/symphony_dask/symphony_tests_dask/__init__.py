"""What the tests of the executor `dask` share."""
