"""Bytes by key, in a local folder or an S3 bucket, and private folders for work in progress."""
