"""The trained models at work: the artifact on disk, the engine, an answer for a recording."""
