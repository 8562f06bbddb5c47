"""De-identified DICOM files: header by PS3.15's Basic Profile, pixels without burned-in text."""
