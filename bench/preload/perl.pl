# SPDX-License-Identifier: MIT
# perl.pl - hashes, arrays and strings of many sizes, for bench/preload.
use strict;
my (%table, $sum);
$table{"key$_"} = [ $_, "value $_" x (1 + $_ % 7) ] for 1 .. 200000;
for my $key (sort keys %table) {
	$sum += $table{$key}[0];
	delete $table{$key} if $sum % 2;
}
my @records = map { { number => $_, text => "x$_" } } 1 .. 100000;
print "$sum ", scalar(@records), "\n";
