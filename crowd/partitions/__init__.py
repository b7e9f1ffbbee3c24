"""Consensus from files of labels: read them in pieces, cut them by task, fit, write the answers.

The steps are the same on one machine and on many; an `Engine` knows where they are done. Only
`dask_engine` knows Dask, which is an extra that few installations have.
"""
