using System.Runtime.InteropServices;

namespace Tenantry.Targets.Linux;

/// <summary>Second names for files, and trading places.</summary>
internal static partial class FileNames
{
    private const int WorkingDirectory = -100;
    private const uint ExchangeFlag = 2;

    /// <summary>Gives an existing file a second name. A link is not followed.</summary>
    internal static void AddLink(string existing, string path)
    {
        if (Link(existing, path) != 0)
            throw LinuxException.Last($"link {path}");
    }

    /// <summary>Lets two files or folders trade places in one step.</summary>
    internal static void Exchange(string one, string other)
    {
        if (Rename(WorkingDirectory, one, WorkingDirectory, other, ExchangeFlag) != 0)
            throw LinuxException.Last($"exchange {one}");
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string path);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(int fromFolder, string from, int toFolder, string to, uint flags);
}
