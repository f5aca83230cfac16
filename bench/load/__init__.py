"""Load test: voters at real pages of a real deployment that is killed and restarted; was a ballot lost or doubled?"""
