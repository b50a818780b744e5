using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Gateway.Handover;

/// <summary>
/// Gives the listening sockets to the next gateway of the same data folder (SCM_RIGHTS over a Unix socket that only its user can reach).
/// Both accept from then on; when the next one serves it says so, this one lets go of what only one may hold, and once the next one has that, this one is to
/// drain and end. Nothing is lost in between: no connection waits in a queue that goes away. Whichever of both ends on the way, the other one serves on.
/// </summary>
internal sealed class HandoverDesk(GatewayDoors doors, string path, TimeProvider time, ILogger log) : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly CancellationTokenSource closing = new();
    private readonly TaskCompletionSource handedOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task serving = Task.CompletedTask;

    /// <summary>Completes when the next gateway serves.</summary>
    public Task HandedOver => handedOver.Task;

    /// <summary>Called in between: what only one process may hold is let go of.</summary>
    public Func<Task>? LetGo { get; set; }

    /// <summary>Called when the next gateway ended before it had that: it is taken back. False when somebody has it.</summary>
    public Func<Task<bool>>? TakeBack { get; set; }

    public void Start() => serving = ServeAsync();

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await serving;
        closing.Dispose();
    }

    private Socket Listen()
    {
        File.Delete(path);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            listener.Listen(4);
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    private async Task ServeAsync()
    {
        Socket? listener = null;
        try
        {
            while (!handedOver.Task.IsCompleted)
            {
                try
                {
                    listener ??= Listen();
                    using var next = await listener.AcceptAsync(closing.Token);
                    if (!await IsToServeAsync(next))
                        continue;
                    // With the socket goes its name, which is the next one's now.
                    listener.Dispose();
                    listener = null;
                    if (await HandOverAsync(next))
                        handedOver.TrySetResult();
                }
                catch (Exception failure) when (failure is SocketException or IOException or UnauthorizedAccessException)
                {
                    // Such as no file that may be opened any more, for as long as a flood of clients lasts.
                    log.LogError("The next gateway cannot be heard on {Path}: {Reason}. This one serves on; it is tried again in {Seconds} s", path, failure.Message, Pause.TotalSeconds);
                    await Task.Delay(Pause, time, closing.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // This gateway ends.
        }
        catch (Exception failure)
        {
            log.LogError(failure, "No next gateway can take over from this one, which serves on: stop it, and start the next one without --take-over");
        }
        finally
        {
            listener?.Dispose();
        }
    }

    private async Task<bool> IsToServeAsync(Socket next)
    {
        try
        {
            SafeHandle[] handles = doors.Tls is null ? [doors.Plain.SafeHandle] : [doors.Plain.SafeHandle, doors.Tls.SafeHandle];
            await DescriptorPassing.SendAsync(next, Encoding.ASCII.GetBytes(HandoverWords.Sockets), handles, closing.Token);
            // This process may have been stopped meanwhile, and the next one have given up.
            if (await HearAsync(next) == HandoverWords.Serving && !HasEnded(next))
                return true;
            log.LogWarning("Another gateway asked for the sockets and did not come to serve; this one goes on");
        }
        catch (Exception failure) when (failure is SocketException or IOException or ObjectDisposedException)
        {
            log.LogWarning("The gateway was not handed over: {Reason}", failure.Message);
        }

        return false;
    }

    // False: the next one has ended, and this one has again what it let go of.
    private async Task<bool> HandOverAsync(Socket next)
    {
        if (!await HasLetGoAsync() && !HasEnded(next))
        {
            log.LogWarning("The next gateway serves; this one drains and ends, which frees what it did not let go of");
            return true;
        }

        try
        {
            await next.SendAsync(new[] { HandoverWords.Done }, SocketFlags.None, closing.Token);
            if (await HearAsync(next) == HandoverWords.Holding)
            {
                log.LogInformation("The next gateway serves; this one drains and ends");
                return true;
            }
        }
        catch (SocketException)
        {
            // It has ended.
        }

        if (TakeBack is { } takeBack && await IsDoneAsync(takeBack))
        {
            log.LogWarning("The next gateway ended as it took over; this one goes on");
            return false;
        }

        log.LogWarning("The next gateway ended as it took over, and what was left to it cannot be had again; this one drains and ends");
        return true;
    }

    private async Task<bool> HasLetGoAsync()
    {
        try
        {
            await (LetGo?.Invoke() ?? Task.CompletedTask);
            return true;
        }
        catch (Exception failure)
        {
            log.LogError(failure, "What is to be left to the next gateway was not let go of");
            return false;
        }
    }

    private async Task<bool> IsDoneAsync(Func<Task<bool>> takeBack)
    {
        try
        {
            return await takeBack();
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            log.LogError(failure, "What was left to the next gateway was not taken back");
            return false;
        }
    }

    private async Task<byte?> HearAsync(Socket next)
    {
        var word = new byte[1];
        var hearing = next.ReceiveAsync(word, SocketFlags.None, closing.Token).AsTask();
        try
        {
            await hearing.WaitAsync(TakeOver.Patience, time, closing.Token);
        }
        catch (TimeoutException)
        {
            // It may still come to serve: who is not sure that it never will must not take anything back.
            log.LogWarning(
                "The next gateway (process {Process}) has said nothing for {Seconds} s. This one serves meanwhile, and no other can take over. If it hangs, end it with 'kill -KILL': this one then goes on as before",
                PeerCredentials.Of(next).ProcessId, TakeOver.Patience.TotalSeconds);
        }

        return await hearing == 0 ? null : word[0];
    }

    private static bool HasEnded(Socket next) => next.Poll(0, SelectMode.SelectRead) && next.Available == 0;
}

/// <summary>What the two gateways say to each other.</summary>
internal static class HandoverWords
{
    public const string Sockets = "s";
    public const byte Serving = (byte)'r';
    public const byte Done = (byte)'d';
    public const byte Holding = (byte)'h';
}
