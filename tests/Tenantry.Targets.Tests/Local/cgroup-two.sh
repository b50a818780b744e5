#!/bin/sh
# First process of a kernel of its own (user-mode Linux) whose control groups are version 2 alone; the machine's root is its root, read-only.
# Runs tests of this assembly there: TESTS is the assembly, FILTER the tests. The last line says how that ended.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs -o mode=755 run /run
# The sources may lie below a folder that is about to be covered.
mkdir /run/tests && mount --bind "$(dirname "$TESTS")" /run/tests
mount -t tmpfs -o mode=1777 tmp /tmp
mkdir -p /dev/pts /dev/shm && mount -t devpts pts /dev/pts && mount -t tmpfs shm /dev/shm
mount -t cgroup2 none /sys/fs/cgroup
ip link set lo up
export HOME=/tmp DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_HOME=/tmp
cd /tmp || exit 1
dotnet test "/run/tests/$(basename "$TESTS")" --nologo --logger 'console;verbosity=normal' --filter "$FILTER" 2>&1
echo "ended=$?"
sync
halt -f
