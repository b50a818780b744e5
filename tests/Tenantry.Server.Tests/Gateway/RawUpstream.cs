using System.Net;
using System.Net.Sockets;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>An instance that answers in bytes: the script runs once for each connection.</summary>
internal sealed class RawUpstream : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Func<RawConnection, int, Task> script;
    private readonly Task accepting;
    private readonly List<Task> running = [];
    private int connections;

    private RawUpstream(Func<RawConnection, int, Task> script)
    {
        this.script = script;
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public int Connections => Volatile.Read(ref connections);

    /// <summary>The script gets the connection and its number, from 1.</summary>
    public static RawUpstream Start(Func<RawConnection, int, Task> script) => new(script);

    /// <summary>Answers each request without a body with the same bytes.</summary>
    public static RawUpstream Answering(string answer) => new(async (connection, _) =>
    {
        while (true)
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync(answer);
        }
    });

    /// <summary>Keeps the head of the first request, as it came, and answers it.</summary>
    public static RawUpstream Hearing(out Task<string> head, string answer = "HTTP/1.1 204 No Content\r\n\r\n")
    {
        var heard = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        head = heard.Task;
        return new(async (connection, _) =>
        {
            heard.TrySetResult(await connection.ReadUntilAsync("\r\n\r\n"));
            await connection.SendAsync(answer);
        });
    }

    /// <summary>A script that waits for what a failed test will never do is left alone after a while: the test's own failure is to be seen.</summary>
    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await accepting;
        await Task.WhenAny(Task.WhenAll(running), Task.Delay(Patience));
        await Task.WhenAll(running.Where(script => script.IsFaulted));
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                running.Add(RunAsync(await listener.AcceptSocketAsync()));
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    private async Task RunAsync(Socket socket)
    {
        await using var connection = new RawConnection(new NetworkStream(socket, ownsSocket: true));
        try
        {
            await script(connection, Interlocked.Increment(ref connections));
        }
        catch (Exception closed) when (closed is IOException or SocketException or OperationCanceledException)
        {
            // The gateway closed its side.
        }
    }
}
