"""The book: double entry, only added to, one chain of hashes; what it promises is said in `book`."""
