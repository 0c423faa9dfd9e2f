"""What sales does: a module per noun, a function per verb; session first, no commit."""
