using System.Net;
using System.Net.Sockets;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Handover;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Serving;

/// <summary>The side that hands over, when something fails in between.</summary>
public sealed class HandoverDeskTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TestFolder folder = new();
    private readonly GatewayDoors doors = GatewayDoors.Open(new IPEndPoint(IPAddress.Loopback, 0), null);
    private readonly ManualTime time = new();
    private readonly KeptLog log = new();
    private readonly TaskCompletionSource letting = new();
    private readonly HandoverDesk desk;

    public HandoverDeskTests()
    {
        Directory.CreateDirectory(folder.Data);
        desk = new HandoverDesk(doors, Path, time, log) { TakeBack = () => Task.FromResult(true) };
    }

    private string Path => System.IO.Path.Combine(folder.Data, "desk.sock");

    public async ValueTask DisposeAsync()
    {
        // Where a test has failed nobody else ends it, and the desk waits for it.
        letting.TrySetCanceled();
        await desk.DisposeAsync().AsTask().SoonAsync();
        doors.Dispose();
        folder.Dispose();
    }

    // A next gateway that serves.
    private async Task<Socket> ServeAsync()
    {
        var next = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await next.ConnectAsync(new UnixDomainSocketEndPoint(Path));
        (await next.ReceiveAsync(new byte[1]).SoonAsync()).ShouldBe(1);
        await next.SendAsync(new[] { HandoverWords.Serving });
        return next;
    }

    private bool Says(string text) => log.Lines.Any(line => line.Contains(text, StringComparison.Ordinal));

    [Fact]
    public async Task OneThatCannotLetGoEndsForTheNextOneThatServes()
    {
        desk.LetGo = () => throw new OperationCanceledException("a drain that took too long");
        desk.Start();

        using var next = await ServeAsync();

        await desk.HandedOver.WaitAsync(Patience);
        (await next.ReceiveAsync(new byte[1]).WaitAsync(Patience)).ShouldBe(0, "it need not wait for what is not said");
        Says("was not let go of").ShouldBeTrue();
    }

    [Fact]
    public async Task OneThatCannotLetGoGoesOnWhenTheNextOneHasEnded()
    {
        desk.LetGo = () => letting.Task;
        desk.Start();
        using (var next = await ServeAsync())
            await Waiting.ForAsync(() => !File.Exists(Path));

        letting.SetException(new IOException("not now"));

        await Waiting.ForAsync(() => File.Exists(Path));
        desk.HandedOver.IsCompleted.ShouldBeFalse();
        desk.LetGo = null;
        using var another = await ServeAsync();
        await another.ReceiveAsync(new byte[1]).SoonAsync();
        await another.SendAsync(new[] { HandoverWords.Holding });
        await desk.HandedOver.WaitAsync(Patience);
    }

    [Fact]
    public async Task ADeskThatCannotBeOpenedAgainIsTriedAgainUntilItCan()
    {
        desk.Start();
        using (var next = await ServeAsync())
        {
            (await next.ReceiveAsync(new byte[1]).SoonAsync()).ShouldBe(1);
            Directory.Delete(folder.Data);
        }

        await Waiting.ForAsync(() => Says("The next gateway cannot be heard"));
        Directory.CreateDirectory(folder.Data);

        await Waiting.ForAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return File.Exists(Path);
        });
        using var another = await ServeAsync();
        desk.HandedOver.IsCompleted.ShouldBeFalse();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OneThatHangsAsItTakesOverIsNamedAndTheDeskIsThereAgainWhenItWasEnded(bool isServing)
    {
        desk.Start();
        var next = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await next.ConnectAsync(new UnixDomainSocketEndPoint(Path));
        (await next.ReceiveAsync(new byte[1]).SoonAsync()).ShouldBe(1);
        if (isServing)
        {
            await next.SendAsync(new[] { HandoverWords.Serving });
            (await next.ReceiveAsync(new byte[1]).SoonAsync()).ShouldBe(1);
        }

        await Waiting.ForAsync(() =>
        {
            time.Advance(TakeOver.Patience);
            return Says($"The next gateway (process {Environment.ProcessId}) has said nothing for 30 s");
        });
        desk.HandedOver.IsCompleted.ShouldBeFalse();
        next.Dispose();

        await Waiting.ForAsync(() => Says("this one goes on"));
        await Waiting.ForAsync(() => File.Exists(Path));
        using var another = await ServeAsync();
    }
}
