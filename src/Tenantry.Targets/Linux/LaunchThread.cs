using System.Runtime.InteropServices;

namespace Tenantry.Targets.Linux;

/// <summary>Runs a piece of work on a thread with a mount namespace of its own, which ends with the thread and what it started.</summary>
internal static partial class LaunchThread
{
    private const int NewMounts = 0x20000;

    /// <summary>Runs <paramref name="work"/> after <paramref name="prepare"/> changed the mounts for it alone.</summary>
    internal static T Run<T>(Action prepare, Func<T> work)
    {
        T? result = default;
        Exception? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    if (Unshare(NewMounts) != 0)
                        throw LinuxException.Last("make a mount namespace");
                    Mounts.Mount("none", "/", "", MountOptions.Recursive | MountOptions.Private);
                    prepare();
                    result = work();
                }
                catch (Exception error)
                {
                    failure = error;
                }
            },
            maxStackSize: 256 * 1024);
        thread.Start();
        thread.Join();
        return failure is null ? result! : throw failure;
    }

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int kinds);
}
