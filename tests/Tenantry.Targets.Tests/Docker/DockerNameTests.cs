using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>
/// An engine asks the host's name server in its containers' place. Where that listens on loopback it does so from the host's network, whatever the container's own
/// leads to, and a name can carry what a tenant must not tell.
/// </summary>
public sealed class DockerNameTests
{
    [NeedsDockerFact]
    public async Task AnInstanceWithoutEgressAsksNobodyForNames()
    {
        var engine = new EngineFixture("dockerd", WithNameServerOnLoopback, _ => { });
        try
        {
            await engine.InitializeAsync();
            using var server = await NameServer.StartAsync(engine.Network);
            await using var instances = new DockerInstances(engine);
            // Secrets lie on a mount that this engine, in a mount namespace of its own, does not see.
            var alice = instances.Workload("alice", "exec sleep 3600", all => all with { Secrets = new Dictionary<string, string>(StringComparer.Ordinal) });
            await instances.ApplyAsync(alice);
            await engine.Engine.PostAsync("/networks/create", new JsonObject { ["Name"] = "closed", ["Internal"] = true }, instances.Stop);

            await instances.RunAsync(alice, "timeout 5 busybox nslookup told-by-alice.example");
            await instances.SucceedsUnprotectedAsync(new JsonObject { ["NetworkMode"] = "closed" }, "timeout 5 busybox nslookup told-by-another.example");

            server.Asked.ShouldContain(question => question.Contains("told-by-another", StringComparison.Ordinal), "an internal network alone does not hold it");
            server.Asked.ShouldNotContain(question => question.Contains("told-by-alice", StringComparison.Ordinal));
        }
        finally
        {
            await engine.DisposeAsync();
        }
    }

    // The file is another one for this engine alone.
    private static string WithNameServerOnLoopback(TemporaryFolder folder)
    {
        File.WriteAllText(folder.File("resolv.conf"), "nameserver 127.0.0.1\n");
        return $"unshare --mount sh -c 'mount --bind {folder.File("resolv.conf")} /etc/resolv.conf && exec {EngineFixture.Dockerd(folder)}'";
    }

    /// <summary>Keeps what it is asked, and says that there is no such name.</summary>
    private sealed class NameServer : IDisposable
    {
        private const int Port = 53;
        private const byte Answer = 0x80;
        private const byte NoSuchName = 0x83;
        private readonly NamespaceSockets _sockets = new();
        private Socket _socket = null!;

        internal ConcurrentQueue<string> Asked { get; } = [];

        internal static async Task<NameServer> StartAsync(string network)
        {
            var server = new NameServer();
            server._socket = await server._sockets.RunAsync(network, () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
            server._socket.Bind(new IPEndPoint(IPAddress.Loopback, Port));
            _ = server.AnswerAsync();
            return server;
        }

        public void Dispose()
        {
            _socket.Dispose();
            _sockets.Dispose();
        }

        private async Task AnswerAsync()
        {
            var buffer = new byte[1500];
            try
            {
                while (true)
                {
                    var question = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                    Asked.Enqueue(Encoding.Latin1.GetString(buffer, 0, question.ReceivedBytes));
                    (buffer[2], buffer[3]) = ((byte)(buffer[2] | Answer), NoSuchName);
                    await _socket.SendToAsync(buffer.AsMemory(0, question.ReceivedBytes), question.RemoteEndPoint);
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The test ended.
            }
        }
    }
}
