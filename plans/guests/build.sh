#!/bin/sh
# Builds the small guest of the tests and the guide from Debian's packages: FOLDER/vmlinuz, FOLDER/initrd.gz.
# For Debian on amd64. Nothing is installed: packages are fetched and unpacked in FOLDER. FOLDER/packages says
# which ones. May be run at any time, also twice at once: a build of the same packages is kept as it is.
# usage: guests/build.sh FOLDER     needs no root; an older build in FOLDER is left for whoever still uses it
set -eu
folder=${1:?"usage: build.sh FOLDER"}
own=$(cd "$(dirname "$0")" && pwd)
scripts='init rows health shutdown'
# The kernel's modules that the guest loads; ext4 is built in.
modules='virtio_pci virtio_blk virtio_net virtio_console button evdev'
programs='usr/sbin/qemu-ga sbin/mkfs.ext4 sbin/blkid'

fail() {
  echo "build.sh: $*" >&2
  exit 1
}

for tool in apt-get apt-cache dpkg dpkg-deb; do
  command -v "$tool" >/dev/null ||
    fail "there is no $tool here: the guest is made on Debian, of Debian's packages"
done
[ "$(dpkg --print-architecture)" = amd64 ] || fail "the guest is built on amd64 only"

# What a build depends on, without asking apt, which takes seconds: its lists, and the files beside this one.
lists() {
  stat -c '%n %s %Y' /var/lib/apt/lists/*_Packages* 2>/dev/null || true
  (cd "$own" && sha256sum build.sh $scripts)
}

# The names of all packages to unpack: the current kernel, the programs, and every library below them.
names() {
  apt-cache depends --important linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p'
  printf '%s\n' busybox-static qemu-guest-agent e2fsprogs util-linux
  apt-cache depends --recurse --important qemu-guest-agent e2fsprogs |
    grep '^lib' | grep -v perl | LC_ALL=C sort -u
}

# Name and SHA-256 of each package, and of the files beside this one.
inputs() {
  apt-get download --print-uris $wanted | sed 's/^[^ ]* //' | LC_ALL=C sort
  (cd "$own" && sha256sum build.sh $scripts)
}

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
now=$(lists)
if [ -e "$folder/vmlinuz" ] && [ -e "$folder/initrd.gz" ] &&
  [ "$(cat "$folder/lists" 2>/dev/null)" = "$now" ]; then
  exit 0
fi

wanted=$(names 2>/dev/null) || true
case $wanted in
  linux-image-*) ;;
  *) fail "apt knows no linux-image-cloud-amd64; run: apt-get update" ;;
esac
inputs=$(inputs) || fail "apt does not find all packages; run: apt-get update"
build=$(echo "$inputs" | sha256sum | cut -c1-16)

# A build is a folder of its own, named by its inputs, and it is there in full or not at all.
temp=$folder/.build-$$
trap 'rm -rf "$temp"' EXIT
trap 'exit 130' INT TERM HUP
for left in "$folder"/.build-*; do
  kill -0 "${left##*/.build-}" 2>/dev/null || rm -rf "$left"
done

# Prints a module's path after those it depends on. $1 is a module's name.
module() {
  path=$(find "$temp/deb/lib/modules" -name "$1.ko")
  [ -n "$path" ] || fail "the kernel has no module $1.ko"
  for below in $(tr '\0' '\n' <"$path" | sed -n 's/^depends=//p' | tr , ' '); do
    (module "$below")
  done
  echo "$path"
}

# Copies a program with the libraries it loads. $1 is its path below the root.
program() {
  mkdir -p "$root/${1%/*}"
  cp "$temp/deb/$1" "$root/$1"
  libraries=$temp/deb/lib/x86_64-linux-gnu:$temp/deb/usr/lib/x86_64-linux-gnu
  "$loader" --library-path "$libraries" --list "$root/$1" >"$temp/libraries"
  ! grep 'not found' "$temp/libraries" >&2 || fail "a library of $1 is in none of the packages"
  sed -n "s|.* => \($temp/deb/.*\) (.*|\1|p" "$temp/libraries" | while read -r library; do
    cp -L "$library" "$root/lib/x86_64-linux-gnu/"
  done
}

make_image() {
  root=$temp/root
  mkdir -p "$temp/debs" "$temp/deb" "$temp/image"
  (cd "$temp/debs" && apt-get -qq -o APT::Sandbox::User=root download $wanted) ||
    fail "apt-get cannot fetch the packages; run: apt-get update"
  for package in "$temp"/debs/*.deb; do
    dpkg-deb -x "$package" "$temp/deb"
  done
  rm -r "$temp/debs"
  cp "$temp"/deb/boot/vmlinuz-* "$temp/image/vmlinuz"

  for part in bin sbin etc/acpi/PWRF lib64 lib/x86_64-linux-gnu modules www/cgi-bin proc sys dev run; do
    mkdir -p "$root/$part"
  done
  cp "$temp/deb/bin/busybox" "$root/bin/"
  for applet in $("$root/bin/busybox" --list); do
    [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
  done
  for name in $modules; do
    module "$name" >>"$temp/modules"
  done
  awk '!seen[$0]++' "$temp/modules" | while read -r path; do
    cp "$path" "$root/modules/"
    echo "${path##*/}" >>"$root/modules/order"
  done
  loader=$root/lib64/ld-linux-x86-64.so.2
  cp -L "$temp/deb/lib64/ld-linux-x86-64.so.2" "$loader" 2>/dev/null ||
    cp "$temp/deb/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" "$loader"
  for path in $programs; do
    program "$path"
  done
  cp "$temp/deb/etc/mke2fs.conf" "$root/etc/"
  cp "$own/init" "$root/init"
  cp "$own/rows" "$root/bin/rows"
  cp "$own/health" "$root/www/cgi-bin/health"
  cp "$own/shutdown" "$root/sbin/shutdown"
  ln -s /sbin/shutdown "$root/etc/acpi/PWRF/00000080"
  chmod -R u=rwX,go=rX "$root"
  chmod 755 "$root/init" "$root/bin/rows" "$root/www/cgi-bin/health" "$root/sbin/shutdown"
  find "$root" -exec touch -h -d @0 {} +
  (cd "$root" && find . | LC_ALL=C sort |
    ./bin/busybox cpio -o -H newc -R 0:0 --renumber-inodes --ignore-devno 2>/dev/null) |
    gzip -9n >"$temp/image/initrd.gz"
  echo "$inputs" >"$temp/image/packages"
}

if [ ! -d "$folder/$build" ]; then
  echo "build.sh: building $folder/$build"
  make_image
  # Whoever is first wins; the other's build is the same.
  mv -T "$temp/image" "$folder/$build" 2>/dev/null || [ -d "$folder/$build" ] ||
    fail "cannot rename $temp/image to $folder/$build"
fi

# Makes a link over the old one, so that its path always leads to a whole build. $1: its text, $2: its path.
link() {
  mkdir -p "$temp"
  ln -s "$1" "$temp/${2##*/}"
  mv -T "$temp/${2##*/}" "$2"
}
link "$build" "$folder/current"
for name in vmlinuz initrd.gz packages; do
  [ "$(readlink "$folder/$name" || true)" = "current/$name" ] || link "current/$name" "$folder/$name"
done
echo "$now" >"$temp/lists"
mv "$temp/lists" "$folder/lists"
