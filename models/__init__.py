"""POCOVID-Net: pure machine learning; knows no web, no database, no queue."""
