using System.Runtime.InteropServices;

namespace Tenantry.Targets.Linux;

/// <summary>
/// Network, ipc and uts namespaces that live on without a process, because a file is bound to each. Made by a thread that moves
/// into new ones, pins them, and ends: no process is started.
/// </summary>
public static partial class PinnedNamespaces
{
    private const int NewNetwork = 0x40000000;
    private const int NewIpc = 0x08000000;
    private const int NewUts = 0x04000000;

    /// <summary>Makes the namespaces that are named; the network one has its loopback interface up and lets anybody listen on any port.</summary>
    /// <param name="network">File for the network namespace, which is made if need be.</param>
    /// <param name="ipc">File for the ipc namespace, or null for none.</param>
    /// <param name="uts">File for the uts namespace, or null for none.</param>
    /// <param name="hostName">Host name in the uts namespace.</param>
    public static void Create(string network, string? ipc = null, string? uts = null, string hostName = "")
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                CreateOnThisThread(network, ipc, uts, hostName);
            }
            catch (Exception error)
            {
                failure = error;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
            throw failure;
    }

    /// <summary>Binds an existing namespace, such as <c>/proc/PID/ns/net</c>, to a file.</summary>
    public static void Pin(string source, string file)
    {
        File.WriteAllBytes(file, []);
        Mounts.Bind(source, file);
    }

    /// <summary>Takes the pin off and removes the file. The namespace ends with its last process and socket.</summary>
    public static void Unpin(string file)
    {
        while (Mounts.Unmount(file))
        {
        }

        File.Delete(file);
    }

    /// <summary>True when a namespace is bound to the file.</summary>
    public static bool IsPinned(string file) => FileSystems.TypeOf(file) == FileSystems.Namespace;

    private static void CreateOnThisThread(string network, string? ipc, string? uts, string hostName)
    {
        var kinds = NewNetwork | (ipc is null ? 0 : NewIpc) | (uts is null ? 0 : NewUts);
        if (Unshare(kinds) != 0)
            throw LinuxException.Last("make namespaces");
        NetworkInterfaces.BringUp("lo");
        File.WriteAllText("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
        if (uts is not null)
        {
            if (SetHostName(hostName, (nuint)hostName.Length) != 0)
                throw LinuxException.Last("set the host name");
            Pin("/proc/thread-self/ns/uts", uts);
        }

        if (ipc is not null)
            Pin("/proc/thread-self/ns/ipc", ipc);
        Pin("/proc/thread-self/ns/net", network);
    }

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int kinds);

    [LibraryImport("libc", EntryPoint = "sethostname", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetHostName(string name, nuint length);
}
