using System.Net;
using System.Net.Sockets;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Connections between two requests, at the very time that their time is looked at.</summary>
public sealed class ConnectionPoolTests : IDisposable
{
    private readonly TcpListener instance = new(IPAddress.Loopback, 0);
    private readonly ManualTime time = new();
    private readonly ConnectionPool pool;

    public ConnectionPoolTests()
    {
        instance.Start();
        pool = new ConnectionPool(new ForwarderOptions { Time = time });
    }

    public void Dispose()
    {
        pool.Dispose();
        instance.Dispose();
    }

    private async Task<InstanceConnection> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(instance.LocalEndpoint);
        var connection = new InstanceConnection(socket, time) { InstanceId = "alice" };
        pool.Add(connection);
        return connection;
    }

    [Fact]
    public async Task TheTimeThatAConnectionHasRestedIsNoPauseOfTheNextRequest()
    {
        var connection = await ConnectAsync();
        pool.Return("alice", connection);
        time.Advance(TimeSpan.FromSeconds(30));
        pool.Take("alice").ShouldBe(connection);

        connection.LongestPause = TimeSpan.FromSeconds(10).Ticks;
        time.Advance(TimeSpan.FromSeconds(9));
        connection.HasTimedOut.ShouldBeFalse();

        time.Advance(TimeSpan.FromSeconds(1));
        connection.HasTimedOut.ShouldBeTrue();
    }

    [Fact]
    public async Task AConnectionWhoseTimeIsOverAsItIsPutToRestDoesNotRest()
    {
        var connection = await ConnectAsync();
        connection.TimeOut();

        connection.Rest().ShouldBeFalse();

        pool.Return("alice", connection);
        pool.Take("alice").ShouldBeNull();
    }
}
