using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tenantry.Targets.Linux;

/// <summary>Removes a folder with all that is in it, whatever the names are and however deep it goes: neither need be what .NET takes for a path.</summary>
public static partial class FolderRemoval
{
    private const int RemoveFolder = 0x200;

    /// <summary>Removes it. Links are removed and not followed. What vanishes meanwhile is no error; what comes meanwhile is.</summary>
    public static void Remove(string folder)
    {
        using (var handle = Libc.OpenForReading(folder))
            Empty(handle);
        Directory.Delete(folder);
    }

    private static void Empty(SafeFileHandle top)
    {
        // Handles of the folders on the way; the first is the caller's.
        var way = new Stack<(SafeFileHandle Handle, Queue<FolderName> Names, FolderName Own)>();
        way.Push((top, new(FolderName.ReadAll(top)), default));
        try
        {
            while (way.TryPeek(out var here))
            {
                if (here.Names.TryDequeue(out var name))
                {
                    if (name.MayBeFolder && SafeWalk.OpenFolder(here.Handle, name) is { } inner)
                        way.Push((inner, new(FolderName.ReadAll(inner)), name));
                    else
                        Unlink(here.Handle, name, 0);
                    continue;
                }

                way.Pop();
                if (!way.TryPeek(out var above))
                    return;
                here.Handle.Dispose();
                Unlink(above.Handle, here.Own, RemoveFolder);
            }
        }
        finally
        {
            foreach (var (handle, _, _) in way.SkipLast(1))
                handle.Dispose();
        }
    }

    private static unsafe void Unlink(SafeFileHandle folder, FolderName name, int flags)
    {
        fixed (byte* start = name.Terminated)
        {
            if (UnlinkAt(folder, start, flags) != 0 && Marshal.GetLastPInvokeError() != Errno.NoEntry)
                throw LinuxException.Last($"remove {NameText.Escaped(name.Bytes)}");
        }
    }

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    private static unsafe partial int UnlinkAt(SafeFileHandle folder, byte* name, int flags);
}
