using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Tests.Linux;

public sealed class DescriptorPassingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private Socket? _left;
    private Socket? _right;

    public void Dispose()
    {
        _left?.Dispose();
        _right?.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task AFileHandedOverIsReadByTheReceiverThoughTheSenderClosedIt()
    {
        var (left, right) = await PairAsync();
        var path = _folder.File("hello");
        await File.WriteAllTextAsync(path, "hello");
        using (var file = File.OpenHandle(path))
            await DescriptorPassing.SendAsync(left, new byte[] { 7 }, [file], CancellationToken.None);
        File.Delete(path);

        var buffer = new byte[16];
        var message = await DescriptorPassing.ReceiveAsync(right, buffer, CancellationToken.None);

        message.Count.ShouldBe(1);
        buffer[0].ShouldBe((byte)7);
        using var received = message.Descriptors.ShouldHaveSingleItem().TakeFile();
        using var stream = new FileStream(received, FileAccess.Read);
        using var reader = new StreamReader(stream);
        (await reader.ReadToEndAsync()).ShouldBe("hello");
    }

    [Fact]
    public async Task AsManyDescriptorsAsAllowedArriveInOrder()
    {
        var (left, right) = await PairAsync();
        var paths = Enumerable.Range(0, DescriptorPassing.MostDescriptors).Select(i => _folder.File($"{i}")).ToList();
        foreach (var path in paths)
            await File.WriteAllTextAsync(path, Path.GetFileName(path));
        var handles = paths.Select(path => (SafeHandle)File.OpenHandle(path)).ToList();
        await DescriptorPassing.SendAsync(left, "x"u8.ToArray(), handles, CancellationToken.None);
        handles.ForEach(handle => handle.Dispose());

        var message = await DescriptorPassing.ReceiveAsync(right, new byte[1], CancellationToken.None);

        var seen = new List<string>();
        foreach (var descriptor in message.Descriptors)
        {
            using var stream = new FileStream(descriptor.TakeFile(), FileAccess.Read);
            using var reader = new StreamReader(stream);
            seen.Add(await reader.ReadToEndAsync());
        }

        seen.ShouldBe(paths.Select(path => Path.GetFileName(path)));
    }

    [Fact]
    public async Task MoreDataThanTheSocketHoldsArrivesWholeWhileTheReceiverIsSlow()
    {
        var (left, right) = await PairAsync();
        var sent = new byte[4 * 1024 * 1024];
        new Random(1).NextBytes(sent);
        var sending = DescriptorPassing.SendAsync(left, sent, [], CancellationToken.None);

        var received = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (received.Length < sent.Length)
        {
            var message = await DescriptorPassing.ReceiveAsync(right, buffer, CancellationToken.None);
            message.Descriptors.ShouldBeEmpty();
            received.Write(buffer, 0, message.Count);
        }

        await sending;
        received.ToArray().AsSpan().SequenceEqual(sent).ShouldBeTrue();
    }

    [Fact]
    public async Task TheOtherSideClosingIsZeroBytes()
    {
        var (left, right) = await PairAsync();
        left.Dispose();

        (await DescriptorPassing.ReceiveAsync(right, new byte[1], CancellationToken.None)).Count.ShouldBe(0);
    }

    [Fact]
    public async Task ReceivingCanBeCancelled()
    {
        var (_, right) = await PairAsync();
        using var cancel = new CancellationTokenSource();
        var receiving = DescriptorPassing.ReceiveAsync(right, new byte[1], cancel.Token);
        await cancel.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => receiving);
    }

    [Fact]
    public async Task ThePeerIsThisProcess()
    {
        var (_, right) = await PairAsync();

        PeerCredentials.Of(right).ProcessId.ShouldBe(Environment.ProcessId);
    }

    [Fact]
    public async Task AnUnusedDescriptorIsClosed()
    {
        var (left, right) = await PairAsync();
        var (inner, outer) = await PairAsync("second");
        await DescriptorPassing.SendAsync(left, Encoding.ASCII.GetBytes("s"), [inner.SafeHandle], CancellationToken.None);
        inner.Dispose();
        var message = await DescriptorPassing.ReceiveAsync(right, new byte[1], CancellationToken.None);
        message.Descriptors.ShouldHaveSingleItem().Dispose();

        (await outer.ReceiveAsync(new byte[1])).ShouldBe(0);
        outer.Dispose();
    }

    private async Task<(Socket Left, Socket Right)> PairAsync(string name = "socket")
    {
        var place = new UnixDomainSocketEndPoint(_folder.File(name));
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(place);
        listener.Listen();
        var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var accepting = listener.AcceptAsync();
        await left.ConnectAsync(place);
        var right = await accepting;
        _left ??= left;
        _right ??= right;
        return (left, right);
    }
}
