"""Side-by-side measurements against how most people do it: one run, one machine, the same images."""
