using System.Net;
using System.Net.Sockets;
using System.Text;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Tests.Linux;

public sealed class NamespaceSocketsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly NamespaceSockets _sockets = new();

    public void Dispose()
    {
        _sockets.Dispose();
        _folder.Dispose();
    }

    [NeedsRootFact]
    public async Task TwoNamespacesListenOnTheSamePortAndEachSocketReachesItsOwn()
    {
        var first = Namespace("first");
        var second = Namespace("second");
        using var firstListener = await ListenAsync(first, 8080);
        using var secondListener = await ListenAsync(second, 8080);
        var answers = Task.WhenAll(AnswerAsync(firstListener, "first"), AnswerAsync(secondListener, "second"));

        (await AskAsync(first, 8080)).ShouldBe("first");
        (await AskAsync(second, 8080)).ShouldBe("second");
        await answers;
    }

    [NeedsRootFact]
    public async Task ANamespaceWithoutAListenerRefusesThoughItsNeighbourListens()
    {
        var first = Namespace("first");
        var second = Namespace("second");
        using var listener = await ListenAsync(first, 8080);

        (await Should.ThrowAsync<SocketException>(() => AskAsync(second, 8080))).SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);
    }

    [NeedsRootFact]
    public async Task TheThreadComesBackToItsOwnNamespaceAfterSuccessAndFailure()
    {
        var there = Namespace("there");
        var host = await CurrentAsync("/proc/self/ns/net");

        (await CurrentAsync(there)).ShouldNotBe(host);
        await Should.ThrowAsync<InvalidOperationException>(() => _sockets.RunAsync<int>(there, () => throw new InvalidOperationException("inside")));
        (await CurrentAsync("/proc/self/ns/net")).ShouldBe(host);
    }

    [NeedsRootFact]
    public async Task AFileThatIsNoNamespaceIsAnError()
    {
        var file = _folder.File("plain");
        await System.IO.File.WriteAllTextAsync(file, "");

        (await Should.ThrowAsync<LinuxException>(() => _sockets.OpenTcpAsync(file))).Errno.ShouldBe(Errno.Invalid);
        (await Should.ThrowAsync<LinuxException>(() => _sockets.OpenTcpAsync(_folder.File("absent")))).Errno.ShouldBe(Errno.NoEntry);
    }

    [NeedsRootFact]
    public void APinnedNamespaceIsToldFromAPlainFileAndCanBeUnpinnedTwice()
    {
        var file = Namespace("pinned");
        PinnedNamespaces.IsPinned(file).ShouldBeTrue();

        PinnedNamespaces.Unpin(file);
        PinnedNamespaces.Unpin(file);

        PinnedNamespaces.IsPinned(file).ShouldBeFalse();
        System.IO.File.Exists(file).ShouldBeFalse();
    }

    private string Namespace(string name)
    {
        var file = _folder.File(name);
        PinnedNamespaces.Create(file);
        return file;
    }

    private Task<string?> CurrentAsync(string path) =>
        _sockets.RunAsync(path, () => new FileInfo("/proc/thread-self/ns/net").LinkTarget);

    private async Task<Socket> ListenAsync(string path, int port)
    {
        var listener = new Socket(await _sockets.OpenTcpAsync(path));
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen();
        return listener;
    }

    private static async Task AnswerAsync(Socket listener, string text)
    {
        using var client = await listener.AcceptAsync();
        await client.SendAsync(Encoding.ASCII.GetBytes(text));
    }

    private async Task<string> AskAsync(string path, int port)
    {
        using var socket = new Socket(await _sockets.OpenTcpAsync(path));
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var buffer = new byte[64];
        var count = await socket.ReceiveAsync(buffer);
        return Encoding.ASCII.GetString(buffer, 0, count);
    }
}
