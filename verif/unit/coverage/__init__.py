"""Tests of the code coverage reader, its reports and its verdict."""
