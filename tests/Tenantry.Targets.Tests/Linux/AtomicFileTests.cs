using System.Text;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Tests.Linux;

/// <summary>A file is the old one or the new one, whatever happens while it is written.</summary>
public sealed class AtomicFileTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("a.txt");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AFileIsReplacedWholeAndIsItsOwnersAlone(bool durable)
    {
        AtomicFile.Write(Path, "a much longer first text"u8, durable);
        AtomicFile.Write(Path, "short"u8, durable);
        (File.ReadAllText(Path), File.GetUnixFileMode(Path)).ShouldBe(("short", OwnerOnly));
        await AtomicFile.WriteAsync(Path, file => file.WriteAsync(Encoding.UTF8.GetBytes("later")).AsTask(), durable);
        (File.ReadAllText(Path), File.GetUnixFileMode(Path)).ShouldBe(("later", OwnerOnly));
        AtomicFile.Write(Path, "x"u8, durable, OwnerOnly | UnixFileMode.GroupRead);
        File.GetUnixFileMode(Path).ShouldBe(OwnerOnly | UnixFileMode.GroupRead);
        Directory.GetFiles(_folder.Path).ShouldBe([Path]);
    }

    [Fact]
    public async Task AWriterThatFailsLeavesWhatWasThereAndNothingElse()
    {
        AtomicFile.Write(Path, "old"u8, durable: false);
        await Should.ThrowAsync<InvalidDataException>(() => AtomicFile.WriteAsync(
            Path,
            async file =>
            {
                await file.WriteAsync("half"u8.ToArray());
                await file.FlushAsync();
                File.ReadAllText(Path).ShouldBe("old");
                throw new InvalidDataException();
            },
            durable: true));
        File.ReadAllText(Path).ShouldBe("old");
        Directory.GetFiles(_folder.Path).ShouldBe([Path]);
    }

    [Fact]
    public async Task TwoWritersAtOnceDoNotMix()
    {
        var texts = Enumerable.Range(0, 8).Select(i => new string((char)('a' + i), 100_000)).ToArray();
        await Parallel.ForEachAsync(texts, async (text, _) => await AtomicFile.WriteAsync(Path, file => file.WriteAsync(Encoding.ASCII.GetBytes(text)).AsTask(), durable: false));
        texts.ShouldContain(File.ReadAllText(Path));
        Directory.GetFiles(_folder.Path).ShouldBe([Path]);
    }

    [Fact]
    public void AnOwnerIsReadOfAFolderAndOfALinkItself()
    {
        FileStatus.OwnerOf(_folder.Path).User.ShouldBe(CurrentUser.Id);
        File.CreateSymbolicLink(Path, "/nowhere");
        FileStatus.OwnerOf(Path).User.ShouldBe(CurrentUser.Id);
        Should.Throw<LinuxException>(() => FileStatus.OwnerOf(_folder.File("none"))).Errno.ShouldBe(Errno.NoEntry);
    }
}
