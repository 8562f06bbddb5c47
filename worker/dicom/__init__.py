"""Sending answers to DICOM peers."""
