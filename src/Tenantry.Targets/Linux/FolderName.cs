using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tenantry.Targets.Linux;

/// <summary>A name in a folder as the kernel has it: bytes, in no encoding in particular.</summary>
internal readonly partial record struct FolderName(byte[] Terminated, byte Kind)
{
    private const int NameOffset = 19;
    private const int KindOffset = 18;
    private const int LengthOffset = 16;
    private const byte UnknownKind = 0;
    private const byte FolderKind = 4;

    internal ReadOnlySpan<byte> Bytes => Terminated.AsSpan(0, Terminated.Length - 1);

    /// <summary>False for what is certainly none. Some file systems do not say.</summary>
    internal bool MayBeFolder => Kind is FolderKind or UnknownKind;

    /// <summary>All names of an open folder, sorted; none of one that was removed meanwhile.</summary>
    internal static unsafe List<FolderName> ReadAll(SafeFileHandle folder)
    {
        var names = new List<FolderName>();
        var buffer = new byte[32 * 1024];
        fixed (byte* start = buffer)
        {
            nint count;
            while ((count = GetEntries(folder, start, (nuint)buffer.Length)) > 0)
            {
                for (nint at = 0; at < count; at += *(ushort*)(start + at + LengthOffset))
                {
                    var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(start + at + NameOffset);
                    if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                        names.Add(new FolderName([.. name, 0], *(start + at + KindOffset)));
                }
            }

            if (count < 0 && Marshal.GetLastPInvokeError() != Errno.NoEntry)
                throw LinuxException.Last("getdents64");
        }

        names.Sort((one, other) => one.Bytes.SequenceCompareTo(other.Bytes));
        return names;
    }

    [LibraryImport("libc", EntryPoint = "getdents64", SetLastError = true)]
    private static unsafe partial nint GetEntries(SafeFileHandle folder, byte* buffer, nuint size);
}
