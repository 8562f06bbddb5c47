"""DICOM files of ultrasound: header, frame times, regions and pixels, as a kind of recording."""
