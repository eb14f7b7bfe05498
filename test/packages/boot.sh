#!/usr/bin/env bash
# Boots systemd in namespaces of its own, with a copy of a root that vanishes with it: boot.sh ROOT SHARED. Both see the
# folder SHARED, there as /run/shared. A line comes out of its pipe "ready" once systemd is up. The network is that of this
# machine. Prints the process id of systemd; all of it ends with that process.
set -euo pipefail

if [ "${3-}" != inside ]; then
  # systemd manages the control group in which it is started, and those below it.
  groups=$(mktemp -d)
  exec unshare --mount bash -euc '
    mount -t cgroup2 cgroup2 "$1"
    group=$1/curfew-test-$$
    mkdir "$group"
    echo $$ >"$group/cgroup.procs"
    trap '\''echo $$ >"$1/cgroup.procs"; find "$group" -depth -type d -exec rmdir {} +; umount "$1"; rmdir "$1"'\'' EXIT
    unshare --mount --pid --fork --kill-child --uts --ipc --cgroup "${@:2}"
  ' boot "$groups" "$0" "$1" "$2" inside
fi

# The files of processes are still those of this machine.
read -r pid _ </proc/self/stat
echo "$pid"

mount --make-rprivate /
new=$2/root
mkdir "$new"
# An upper folder cannot be on an overlay, as the temporary folder of a container may be.
mount -t tmpfs tmpfs "$new"
mkdir "$new"/{upper,work,root}
root=$new/root
mount -t overlay -o "lowerdir=$1,upperdir=$new/upper,workdir=$new/work" overlay "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root"/dev/{shm,pts} "$root/run/shared"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount --bind "$2" "$root/run/shared"

cd "$root"
mkdir .old
# The kernel refuses user namespaces in a chroot, and the unit asks for one.
pivot_root . .old
umount -l .old
rmdir .old
# Credentials of a service reach it by the propagation of mounts.
mount --make-rshared /
exec env -i container=test PATH=/usr/sbin:/usr/bin /usr/lib/systemd/systemd --system --unit=test.target
