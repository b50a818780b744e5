using System.Net;
using System.Net.Sockets;
using System.Text;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Networks;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Local.Attacks;

/// <summary>
/// A host and a world in namespaces of the test's own: the host's only way out leads to the world, which answers on port 80 of every
/// address that the test gives it. No packet leaves the two.
/// </summary>
internal sealed class StandInNetwork : IDisposable
{
    internal const string Internet = "93.184.216.34";
    internal const string Metadata = "169.254.169.254";
    internal const string Private = "10.9.8.7";
    internal const string OtherInternet = "93.184.216.35";

    /// <summary>The stand-in host's own address on its way out.</summary>
    internal const string Host = "192.0.2.1";

    private readonly TemporaryFolder _folder = new();
    private readonly NamespaceSockets _sockets = new();
    private readonly List<Socket> _listeners = [];
    private readonly CancellationTokenSource _end = new();

    /// <summary>The namespace that stands in for the host's network.</summary>
    internal string HostNetwork { get; private set; } = "";

    private string World => _folder.File("world");

    private NamespaceTool Tool => new(_sockets);

    /// <summary>A host and a world.</summary>
    internal static async Task<StandInNetwork> MakeAsync()
    {
        var network = new StandInNetwork();
        network.HostNetwork = network._folder.File("host");
        PinnedNamespaces.Create(network.HostNetwork);
        // A new namespace takes over what the machine has, which a container engine may have switched on.
        await network.Tool.WriteAsync(network.HostNetwork, "/proc/sys/net/ipv4/ip_forward", "0", CancellationToken.None);
        await network.ConnectAsync();
        return network;
    }

    /// <summary>A world for a host that is there already. It must have no way out yet, and has none afterwards.</summary>
    internal static async Task<StandInNetwork> AroundAsync(string hostNetwork)
    {
        var network = new StandInNetwork { HostNetwork = hostNetwork };
        await network.ConnectAsync();
        return network;
    }

    /// <summary>Something that listens on the stand-in host.</summary>
    internal Task ListenOnHostAsync(IPAddress address, int port) => ListenAsync(HostNetwork, address, port);

    /// <summary>Changes a network by hand, as <c>ip -batch</c> does.</summary>
    internal Task ChangeAsync(string place, string batch) => Tool.IpAsync(place, batch, CancellationToken.None);

    /// <summary>True when the host's rule set has that table.</summary>
    internal async Task<bool> HasTableAsync(string table)
    {
        try
        {
            await Tool.NftAsync(HostNetwork, $"list table inet {table}\n", CancellationToken.None);
            return true;
        }
        catch (Abstractions.TargetException)
        {
            return false;
        }
    }

    internal Task<HashSet<string>> LinksOfHostAsync() => Tool.LinksAsync(HostNetwork, CancellationToken.None);

    internal async Task<bool> ForwardsAsync(string link) =>
        (await Tool.ReadAsync(HostNetwork, $"/proc/sys/net/ipv4/conf/{link}/forwarding", CancellationToken.None)).Trim() == "1";

    public void Dispose()
    {
        _end.Cancel();
        _listeners.ForEach(listener => listener.Dispose());
        // The way out goes at once, not only when the kernel has taken the world apart: the next world's has the same name.
        Tool.IpAsync(HostNetwork, "link del out\n", CancellationToken.None).GetAwaiter().GetResult();
        _sockets.Dispose();
        _folder.Dispose();
        _end.Dispose();
    }

    private async Task ConnectAsync()
    {
        PinnedNamespaces.Create(World);
        await Tool.IpAsync(HostNetwork, $"link add out type veth peer name in netns {World}\naddr add {Host}/24 dev out\nlink set out up\n", CancellationToken.None);
        var addresses = string.Concat(((string[])[Internet, OtherInternet, Metadata, Private]).Select(address => $"addr add {address}/32 dev lo\n"));
        await Tool.IpAsync(World, $"addr add 192.0.2.2/24 dev in\nlink set in up\n{addresses}", CancellationToken.None);
        await Tool.IpAsync(HostNetwork, "route add default via 192.0.2.2\n", CancellationToken.None);
        await ListenAsync(World, IPAddress.Any, 80);
    }

    private async Task ListenAsync(string place, IPAddress address, int port)
    {
        var listener = new Socket(await _sockets.OpenTcpAsync(place));
        listener.Bind(new IPEndPoint(address, port));
        listener.Listen();
        _listeners.Add(listener);
        _ = AnswerAsync(listener);
    }

    private async Task AnswerAsync(Socket listener)
    {
        var answer = Encoding.ASCII.GetBytes("HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nreached\r\n");
        try
        {
            while (!_end.IsCancellationRequested)
            {
                using var client = await listener.AcceptAsync(_end.Token);
                await client.ReceiveAsync(new byte[1024], SocketFlags.None, _end.Token);
                await client.SendAsync(answer, SocketFlags.None, _end.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test ended.
        }
    }
}
