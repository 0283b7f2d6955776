"""From data sets as their owners distribute them to the folders that training reads, split by patient."""
