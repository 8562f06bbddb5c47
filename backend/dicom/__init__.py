"""DICOM's network: instances that machines send here, and answers that go back into the record."""
