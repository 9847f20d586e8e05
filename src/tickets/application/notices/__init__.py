"""How it reads what our own people and programs are told. Same in, same bytes out."""
