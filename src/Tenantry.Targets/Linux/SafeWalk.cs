using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tenantry.Targets.Linux;

/// <summary>
/// Walks a tree that somebody else may change at the same time, and never leaves it: each step goes from an open folder to a name in
/// it without following links. What vanishes meanwhile is left out; what is there and cannot be read is an error.
/// </summary>
public static partial class SafeWalk
{
    /// <summary>Bytes of the longest path below the folder that is walked: with what stands before it, one that the kernel takes.</summary>
    public const int LongestPath = 3500;

    private const int ReadOnly = 0;
    private const int CloseOnExec = 0x80000;
    private const int PathOnly = 0x200000;

    // These two differ between x86-64 and arm64.
    private static readonly int FolderOnly = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;
    private static readonly int NoFollow = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    /// <summary>Everything below a folder, a folder before what is in it. An entry is valid until the next one is asked for.</summary>
    /// <exception cref="WalkException">A name is not UTF-8, or a path too long.</exception>
    public static IEnumerable<WalkEntry> Below(string folder) => Walk(folder, named: null);

    /// <summary>Tells the path of everything below a folder, and opens nothing but folders.</summary>
    /// <exception cref="WalkException">One that <see cref="Below"/> would come upon.</exception>
    public static void ReadNames(string folder, Action<string> named)
    {
        foreach (var _ in Walk(folder, named))
        {
        }
    }

    private static IEnumerable<WalkEntry> Walk(string folder, Action<string>? named)
    {
        var root = HandleOf(Libc.Open(folder, ReadOnly | FolderOnly | NoFollow | CloseOnExec, 0), folder) ?? throw new LinuxException($"open {folder}", Errno.NoEntry);
        var open = new Stack<Level>();
        open.Push(new Level(root, []));
        try
        {
            while (open.TryPeek(out var here))
            {
                if (!here.Names.TryDequeue(out var name))
                {
                    open.Pop().Dispose();
                    continue;
                }

                var path = here.PathOf(name);
                var text = TextOf(path);
                named?.Invoke(text);
                if (named is not null && !name.MayBeFolder)
                    continue;
                using var itself = OpenAt(here.Handle, name, text);
                if (itself is null)
                    continue;
                var status = FileStatus.Of(itself);
                yield return new WalkEntry(text, status, itself);
                if (status.Kind == FileKind.Folder && Reopen(itself, FolderOnly, text) is { } inner)
                    open.Push(new Level(inner, path));
            }
        }
        finally
        {
            foreach (var left in open)
                left.Dispose();
        }
    }

    /// <summary>Opens a folder in a folder, without following links; null when it is none.</summary>
    internal static unsafe SafeFileHandle? OpenFolder(SafeFileHandle folder, FolderName name)
    {
        fixed (byte* start = name.Terminated)
        {
            var descriptor = OpenAt(folder, start, ReadOnly | FolderOnly | NoFollow | CloseOnExec);
            return descriptor < 0 && Marshal.GetLastPInvokeError() is Errno.NotDirectory or Errno.Loop ? null : HandleOf(descriptor, NameText.Escaped(name.Bytes));
        }
    }

    /// <summary>Opens what a handle that allows nothing stands for: the very same, whatever its name leads to by now.</summary>
    internal static SafeFileHandle? Reopen(SafeFileHandle itself, int kind, string path) =>
        HandleOf(Libc.Open($"/proc/self/fd/{itself.DangerousGetHandle()}", ReadOnly | kind | CloseOnExec, 0), path);

    internal static unsafe string ReadLink(SafeFileHandle link, string path)
    {
        var buffer = stackalloc byte[4096];
        var length = ReadLinkAt(link, "", buffer, 4096);
        if (length < 0)
            throw LinuxException.Last("readlinkat");
        var target = new ReadOnlySpan<byte>(buffer, (int)length);
        return NameText.Strict(target) ?? throw new WalkException($"The link {path} leads to {NameText.Escaped(target)}, which is not UTF-8.", "Make the link anew, to a name that is UTF-8.");
    }

    private static string TextOf(byte[] path)
    {
        if (path.Length > LongestPath)
            throw new WalkException($"{NameText.Escaped(path.AsSpan(0, 64))}… lies deeper than {LongestPath} bytes of path.", "Move it further up, or remove it.");
        return NameText.Strict(path) ?? throw new WalkException($"The name of {NameText.Escaped(path)} is not UTF-8.", "Give it a name that is UTF-8, or remove it.");
    }

    private static unsafe SafeFileHandle? OpenAt(SafeFileHandle folder, FolderName name, string path)
    {
        fixed (byte* start = name.Terminated)
            return HandleOf(OpenAt(folder, start, PathOnly | NoFollow | CloseOnExec), path);
    }

    private static SafeFileHandle? HandleOf(int descriptor, string path)
    {
        if (descriptor >= 0)
            return new SafeFileHandle(descriptor, ownsHandle: true);
        return Marshal.GetLastPInvokeError() == Errno.NoEntry ? null : throw LinuxException.Last($"open {path}");
    }

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    private static unsafe partial int OpenAt(SafeFileHandle folder, byte* name, int flags);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint ReadLinkAt(SafeFileHandle folder, string path, byte* buffer, nuint size);

    /// <summary>A folder on the way, and which of its names are still to be looked at.</summary>
    private sealed class Level(SafeFileHandle handle, byte[] path) : IDisposable
    {
        internal SafeFileHandle Handle => handle;

        internal Queue<FolderName> Names { get; } = new(FolderName.ReadAll(handle));

        internal byte[] PathOf(FolderName name) => path.Length == 0 ? name.Bytes.ToArray() : [.. path, (byte)'/', .. name.Bytes];

        public void Dispose() => handle.Dispose();
    }
}

/// <summary>Something in a tree cannot be told in words that every tool understands. The message names it.</summary>
public sealed class WalkException(string message, string fix) : IOException(message)
{
    /// <summary>What to do.</summary>
    public string Fix { get; } = fix;
}

/// <summary>One entry of a walk.</summary>
/// <param name="Path">Relative to the folder that was walked.</param>
/// <param name="Status">What it is.</param>
public sealed record WalkEntry(string Path, FileStatus Status)
{
    private readonly SafeFileHandle? _handle;

    internal WalkEntry(string path, FileStatus status, SafeFileHandle handle)
        : this(path, status) => _handle = handle;

    /// <summary>Opens a regular file, or null when it is gone for good.</summary>
    public SafeFileHandle? OpenFile() => SafeWalk.Reopen(_handle!, 0, Path);

    /// <summary>Where a link points.</summary>
    /// <exception cref="WalkException">To something that is not UTF-8.</exception>
    public string LinkTarget() => SafeWalk.ReadLink(_handle!, Path);
}
