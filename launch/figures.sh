# What the timing scripts make of the program's JSON lines; to be sourced.

# The median of the numbers that come in, one a line.
median() { sort -g | awk 'NF {v[++n] = $1} END {if (n) print (v[int((n + 1) / 2)] + v[int(n / 2) + 1]) / 2}'; }
# The values of a key of the lines that come in: field KEY
field() { sed -n "s/.*\"$1\":\([-+0-9.e]*\).*/\1/p"; }
