using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.AspNetCore.Http;
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

    [Fact]
    public async Task AConnectionThatRestsKeepsNoHeadThatWasLarge()
    {
        var connection = await ConnectAsync();
        using var app = await instance.AcceptSocketAsync();
        await app.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nX-Large: {new string('x', 60_000)}\r\nContent-Length: 0\r\n\r\n"));
        while (!connection.Unread.Span.EndsWith("\r\n\r\n"u8))
            (await connection.ReadAsync()).ShouldBePositive();
        var large = ReadLarge(connection);
        GC.Collect();
        large.IsAlive.ShouldBeTrue("an exchange may still ask for it");

        pool.Return("alice", connection);

        GC.Collect();
        large.IsAlive.ShouldBeFalse();
        pool.Take("alice").ShouldBe(connection);
    }

    // Nothing of it stays on the caller's stack.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference ReadLarge(InstanceConnection connection)
    {
        var context = new DefaultHttpContext();
        connection.ReadHead(connection.Unread.Length).CopyTo(context, "alice");
        string large = context.Response.Headers["X-Large"]!;
        large.Length.ShouldBe(60_000);
        return new WeakReference(large);
    }
}
