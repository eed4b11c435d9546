#!/bin/sh
# SPDX-License-Identifier: MIT
# test_grub.sh - GRUB boots the image, too: from a disc, by its Multiboot header.
# KMEM=path names the image, but for its .img; QEMU= who runs it. TAP on standard output.
image=${KMEM:-build/x86/kmem}.img
qemu=${QEMU:-qemu-system-x86_64}
for tool in $qemu grub-mkrescue xorriso mformat; do
	command -v $tool >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done
test -e /usr/lib/grub/i386-pc/multiboot.mod || { echo "1..0 # SKIP no GRUB for BIOS"; exit 0; }
. tests/tap.sh
echo "1..1"
mkdir -p "$dir/disc/boot/grub"
cp "$image" "$dir/disc/boot/kmem.img"
printf '%s\n' 'set timeout=0' 'menuentry kmem {' '	multiboot /boot/kmem.img nr_cpus=2' '}' >"$dir/disc/boot/grub/grub.cfg"
grub-mkrescue -d /usr/lib/grub/i386-pc -o "$dir/disc.iso" "$dir/disc" --install-modules="multiboot normal" \
	--locales= --fonts= --themes= >"$dir/err" 2>&1
timeout 120 $qemu -accel tcg -cpu max -m 256M -smp 2 -display none -serial stdio -monitor none -no-reboot \
	-cdrom "$dir/disc.iso" -device isa-debug-exit,iobase=0xf4,iosize=4 </dev/null >"$dir/out" 2>>"$dir/err"
test $? = 1 && grep -q '2 processors' "$dir/out" && grep -q 'machine is down, 0 kinds' "$dir/out"
result $? 'from a disc'
exit $failed
