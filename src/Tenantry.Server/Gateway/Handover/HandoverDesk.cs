using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Gateway.Handover;

/// <summary>
/// Gives the listening sockets to the next gateway of the same data folder (SCM_RIGHTS over a Unix socket that only its user can reach).
/// Both accept from then on; when the next one serves it says so, and this one is to drain and end. Nothing is lost in between: no
/// connection waits in a queue that goes away.
/// </summary>
internal sealed class HandoverDesk(GatewayDoors doors, string path, ILogger log) : IAsyncDisposable
{
    private readonly CancellationTokenSource closing = new();
    private readonly TaskCompletionSource handedOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task serving = Task.CompletedTask;

    /// <summary>Completes when the next gateway serves.</summary>
    public Task HandedOver => handedOver.Task;

    /// <summary>Called in between: what only one process may hold is let go of.</summary>
    public Func<Task>? LetGo { get; set; }

    public void Start()
    {
        File.Delete(path);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        listener.Listen(4);
        serving = ServeAsync(listener);
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await serving;
        closing.Dispose();
    }

    private async Task ServeAsync(Socket listener)
    {
        using (listener)
        {
            while (!handedOver.Task.IsCompleted)
            {
                try
                {
                    using var next = await listener.AcceptAsync(closing.Token);
                    await GiveAsync(next, listener);
                }
                catch (Exception failure) when (failure is SocketException or IOException)
                {
                    log.LogWarning("The gateway was not handed over: {Reason}", failure.Message);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }

    private async Task GiveAsync(Socket next, Socket listener)
    {
        SafeHandle[] handles = doors.Tls is null ? [doors.Plain.SafeHandle] : [doors.Plain.SafeHandle, doors.Tls.SafeHandle];
        await DescriptorPassing.SendAsync(next, Encoding.ASCII.GetBytes(HandoverWords.Sockets), handles, closing.Token);
        var word = new byte[1];
        if (await next.ReceiveAsync(word, SocketFlags.None, closing.Token) == 0 || word[0] != HandoverWords.Serving)
        {
            log.LogWarning("Another gateway asked for the sockets and did not come to serve; this one goes on");
            return;
        }

        // With the socket goes its name, which is the next one's now.
        listener.Dispose();
        try
        {
            await (LetGo?.Invoke() ?? Task.CompletedTask);
            await next.SendAsync(new[] { HandoverWords.Done }, SocketFlags.None, closing.Token);
            log.LogInformation("The next gateway serves; this one drains and ends");
        }
        finally
        {
            // What was let go of is gone, also when the next one has ended meanwhile.
            handedOver.TrySetResult();
        }
    }
}

/// <summary>What the two gateways say to each other.</summary>
internal static class HandoverWords
{
    public const string Sockets = "s";
    public const byte Serving = (byte)'r';
    public const byte Done = (byte)'d';
}
