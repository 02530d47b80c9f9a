"""Self-contained HTML reports: of a version, of two versions, of a corpus, of one answer."""
