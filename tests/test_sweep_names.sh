#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_sweep_names.sh - is every public call that can allocate in a table of the failure sweeps?
#
#	names of the headers = those with a row in tests/**/test_sweep_*.c + those below, which allocate nothing
#
# The compiler lists the functions (-aux-info), grep the macros. A name that is in neither, in both, or in no header is
# a failure, so that a new call must be swept or be said to allocate nothing.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build=$(dirname "${KMEM:-build/kmem}")

# Where calls of the machine's memory are declared. Not cpu.h, types.h, layout.h, vm_event.h, version.h (no calls but
# this_cpu()), host.h (what the host does), replay.h and trace.h (the command's library, which uses malloc()).
headers='include/kmem/gfp.h include/kmem/page.h include/kmem/pages.h include/kmem/slab.h include/kmem/vmalloc.h
	include/kmem/mempool.h include/kmem/percpu.h include/kmem/highmem.h include/kmem/migrate.h include/kmem/reclaim.h include/kmem/machine.h include/kmem/check.h include/kmem/stats.h
	include/kernel/linux/gfp.h include/kernel/linux/mm.h include/kernel/linux/slab.h
	include/kernel/linux/vmalloc.h include/kernel/linux/mempool.h include/kernel/linux/highmem.h'

# Names that allocate nothing, and why.
silent()
{
	# Arithmetic and looking: flags, pages, addresses, sizes.
	cat <<-'EOF'
	gfp_format gfp_has_io_fs gfpflags_allow_blocking get_order get_vm_area_size kmalloc_class kmalloc_constant_id
	kmalloc_size_roundup kmalloc_ask compound_head compound_nr compound_order lowmem_page_address nth_page offset_in_page page_address page_count
	page_mapcount page_mapped page_private page_ref_count page_shift page_size page_to_nid page_to_pfn page_to_phys
	page_to_virt page_type_get page_type_of page_type_set page_type_value
	__per_cpu_address page_zone page_zone_name page_zonenum pfn_to_page pfn_valid phys_to_virt
	virt_addr_valid virt_to_head_page virt_to_page virt_to_phys pgprot_val __pgprot __pa __va set_page_private
	__page_flag_any __page_flag_head __page_touch __page_tail_touched __page_bytes want_init_on_alloc want_init_on_free
	ksize __ksize kmem_cache_size mempool_initialized find_vm_area is_vmalloc_addr is_vmalloc_or_module_addr
	vmalloc_to_page vmalloc_to_pfn vmalloc_nr_pages nr_free_buffer_pages nr_free_pages totalram_pages
	EOF
	# Contents of pages.
	cat <<-'EOF'
	clear_highpage clear_page copy_highpage copy_page memcpy_from_page memcpy_page memcpy_to_page memmove_page
	memset_page memzero_page zero_user zero_user_segment zero_user_segments
	EOF
	# Slots are boot's, and none of these fail.
	cat <<-'EOF'
	kmap kmap_atomic kmap_atomic_pfn kmap_flush_unused kmap_high kmap_in_atomic kmap_local_high kmap_local_page kmap_local_pfn
	kmap_to_page kunmap kunmap_atomic kunmap_high kunmap_local kunmap_local_high __kunmap_atomic __kunmap_local
	__page_is_near nr_free_highpages totalhigh_pages
	flush_dcache_page flush_kernel_vmap_range invalidate_kernel_vmap_range
	EOF
	# References, and giving pages back: to lists inside the pages.
	cat <<-'EOF'
	__free_page __free_pages free_page free_pages free_pages_bulk free_pages_exact get_page put_page split_page
	drain_all_pages drain_local_pages mempool_free_pages
	EOF
	# The other half of a row that does both: what is freed there is freed by these.
	echo free_percpu free_vm_area iounmap vm_unmap_ram mempool_exit mempool_free_slab mempool_kfree machine_shutdown
	echo machine_shutdown_leaks
	# It uses free pages in the place of others.
	echo compact_memory
	# Lists of what the caller owns.
	echo register_oom_notifier unregister_oom_notifier register_shrinker unregister_shrinker
	# Readers: they take no memory, so that they work when there is none.
	cat <<-'EOF'
	kmem_check kmem_check_live kmem_dump kmem_explain kmem_explain_page kmem_version machine_caches machine_current machine_file
	machine_nr_cpus machine_parameter machine_stats machine_zones
	EOF
	# A CPU's area is boot's; the default machine is machine_boot()'s.
	echo machine_enter machine_leave machine_default
}

n=0
failed=0
# result NAME: the case holds if $work/bad is empty.
result()
{
	n=$((n + 1))
	test -s "$work/bad" || { echo "ok $n $1"; return; }
	sed 's/^/#   /' "$work/bad"
	echo "not ok $n $1"
	failed=1
}

gcc --version >/dev/null 2>&1 || { echo '1..0 # SKIP no gcc, which lists functions'; exit 0; }

# functions HEADER...: what they declare.
functions()
{
	for header in "$@"; do
		echo "#include \"$header\""
	done >"$work/all.c"
	gcc -ffreestanding -nostdinc -isystem "$(gcc -print-file-name=include)" -Iinclude/kernel -Iinclude -I. \
		-fsyntax-only -aux-info "$work/aux" "$work/all.c" || exit 1
	for header in "$@"; do
		grep -F "/* $header:" "$work/aux" || grep -F "/* ./$header:" "$work/aux"
	done | sed 's#^/\*[^*]*\*/ ##; s# (.*##; s#.*[ *]##' |
		grep -vE '^(__)?(Set|Clear|TestSet|TestClear)?Page[A-Z]|^mempool_(alloc|free)_t$'
	cat "$@" | grep -oE '^#define [a-z_][a-z_0-9]*\(' | sed 's/#define //; s/(//'
}

functions $headers | sort -u >"$work/names"
silent | tr -s '[:space:]' '\n' | grep . | sort -u >"$work/silent"
grep -ohE '(SWEEP|SWEEP_AS)\([a-z_0-9]+' tests/test_sweep_*.c tests/*/test_sweep_*.c |
	sed 's/.*(//' | sort -u >"$work/swept"

test "$(wc -l <"$work/names")" -gt 200 || echo "only $(wc -l <"$work/names") names in the headers" >"$work/bad"
sort -u "$work/swept" "$work/silent" | comm -23 "$work/names" - >>"$work/bad"
result 'every public call is swept, or allocates nothing'
comm -12 "$work/swept" "$work/silent" >"$work/bad"
result 'none is said to be both'
sort -u "$work/swept" "$work/silent" | comm -13 "$work/names" - >"$work/bad"
result 'every name is one of the headers'

# Strings, formats and bit counting: in lib/ or inline, and lib/ calls no allocator.
functions include/kernel/linux/kernel.h include/kernel/linux/string.h | sort -u >"$work/names"
nm "$build"/mm/*.o "$build"/kernel/*.o 2>/dev/null | awk '$2 == "T" { print $3 }' | sort -u |
	comm -12 "$work/names" - >"$work/bad"
test "$(wc -l <"$work/names")" -gt 50 || echo "only $(wc -l <"$work/names") names" >>"$work/bad"
nm -u "$build"/lib/*.o 2>/dev/null | awk '{ print $2 }' |
	grep -E '^(__)?(k|v|kv|kmem_cache_|memblock_)[a-z]*alloc|alloc_pages' >>"$work/bad"
result 'linux/kernel.h and linux/string.h are of lib/, which allocates nothing'

echo "1..$n"
exit $failed
