using System.Runtime.InteropServices;
using System.Text;

namespace Tenantry.Targets.Linux;

/// <summary>
/// Starts a program with files as its standard streams. The child comes from the calling thread, so it begins in that thread's
/// namespaces; it inherits nothing else: three streams, the given variables, default signals.
/// </summary>
internal static unsafe partial class Spawn
{
    private const short SetSignalMask = 8;
    private const short SetSignalDefault = 4;
    private const short SetSession = 0x80;

    /// <summary>The child's number; it is a child of this process, and the caller waits for it.</summary>
    internal static int Start(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, SafeHandle input, SafeHandle output, SafeHandle error)
    {
        using var arguments = new CStrings(command);
        using var variables = new CStrings([.. environment.Select(pair => $"{pair.Key}={pair.Value}")]);
        var actions = stackalloc byte[512];
        var attributes = stackalloc byte[512];
        Check(ActionsInit(actions), "posix_spawn");
        Check(AttributesInit(attributes), "posix_spawn");
        try
        {
            SafeHandle[] streams = [input, output, error];
            for (var i = 0; i < streams.Length; i++)
                Check(AddDup2(actions, (int)streams[i].DangerousGetHandle(), i), "posix_spawn");
            var none = stackalloc byte[128];
            new Span<byte>(none, 128).Clear();
            Check(SetMask(attributes, none), "posix_spawn");
            var all = stackalloc byte[128];
            new Span<byte>(all, 128).Fill(0xff);
            Check(SetDefault(attributes, all), "posix_spawn");
            Check(SetFlags(attributes, SetSignalMask | SetSignalDefault | SetSession), "posix_spawn");
            int pid;
            Check(PosixSpawn(&pid, command[0], actions, attributes, arguments.Pointer, variables.Pointer), $"start {command[0]}");
            return pid;
        }
        finally
        {
            _ = ActionsDestroy(actions);
            _ = AttributesDestroy(attributes);
        }
    }

    private static void Check(int errno, string call)
    {
        if (errno != 0)
            throw new LinuxException(call, errno);
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int PosixSpawn(int* pid, string path, byte* actions, byte* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int ActionsInit(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int ActionsDestroy(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int AddDup2(byte* actions, int from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int AttributesInit(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int AttributesDestroy(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int SetMask(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int SetDefault(byte* attributes, byte* signals);

    /// <summary>Strings as C wants them: an array of pointers, a null one last.</summary>
    private sealed class CStrings : IDisposable
    {
        private readonly int _count;

        internal CStrings(IReadOnlyList<string> strings)
        {
            _count = strings.Count;
            Pointer = (byte**)NativeMemory.AllocZeroed((nuint)(_count + 1), (nuint)sizeof(byte*));
            for (var i = 0; i < _count; i++)
            {
                if (strings[i].Contains('\0', StringComparison.Ordinal))
                    throw new ArgumentException("An argument holds a NUL.", nameof(strings));
                var bytes = Encoding.UTF8.GetBytes(strings[i]);
                Pointer[i] = (byte*)NativeMemory.AllocZeroed((nuint)bytes.Length + 1);
                bytes.CopyTo(new Span<byte>(Pointer[i], bytes.Length));
            }
        }

        internal byte** Pointer { get; }

        public void Dispose()
        {
            for (var i = 0; i < _count; i++)
                NativeMemory.Free(Pointer[i]);
            NativeMemory.Free(Pointer);
        }
    }
}
