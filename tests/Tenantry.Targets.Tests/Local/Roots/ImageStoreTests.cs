using System.Formats.Tar;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Local.Roots;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Local.Roots;

public sealed class ImageStoreTests : IDisposable
{
    private const string Config = """{"config":{"Env":["A=1","PATH=/x"],"Entrypoint":["/bin/run"],"Cmd":["--now"],"WorkingDir":"/srv"}}""";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task LayersLieOnEachOtherAndMarksTakeAway()
    {
        var lower = new TarBuilder().Folder("etc").File("etc/kept", "kept").File("etc/gone", "gone").File("etc/changed", "old").Folder("var/cache/").File("var/cache/old", "x").Folder("opt").File("opt/a", "a").Bytes();
        var upper = new TarBuilder().File("etc/.wh.gone", "").File("etc/changed", "new").Folder("var/cache").File("var/cache/new", "y").File("var/cache/.wh..wh..opq", "").File(".wh.opt", "").Bytes();
        var image = await UnpackAsync(TarBuilder.Of(TarBuilder.Layout(Config, lower, TarBuilder.Zipped(upper))));

        Names(image.Folder).ShouldBe(["etc", "etc/changed", "etc/kept", "var", "var/cache", "var/cache/new"]);
        (await File.ReadAllTextAsync(Path.Combine(image.Folder, "etc/changed"))).ShouldBe("new");
        image.Config.Command.ShouldBe(["/bin/run", "--now"]);
        image.Config.Environment.ShouldBe(new Dictionary<string, string>(StringComparer.Ordinal) { ["A"] = "1", ["PATH"] = "/x" });
        image.Config.WorkingDirectory.ShouldBe("/srv");
    }

    [Fact]
    public async Task WhatDockerSavesIsRead()
    {
        var layer = new TarBuilder().File("hello", "hello").Bytes();
        var saved = new TarBuilder().File("manifest.json", """[{"Config":"c.json","RepoTags":["x:1"],"Layers":["1/layer.tar","2/layer.tar"]}]""").File("c.json", Config).Folder("1").File("1/layer.tar", layer).Folder("2").Link("2/layer.tar", "../1/layer.tar").Bytes();
        var image = await UnpackAsync(saved);

        Names(image.Folder).ShouldBe(["hello"]);
        image.Config.Command.ShouldBe(["/bin/run", "--now"]);
    }

    [Fact]
    public async Task APlainTarIsARoot()
    {
        var image = await UnpackAsync(TarBuilder.Zipped(new TarBuilder().Folder("./bin").File("./bin/x", "x", 0x1c0).Bytes()));

        Names(image.Folder).ShouldBe(["bin", "bin/x"]);
        image.Config.Command.ShouldBeEmpty();
        File.GetUnixFileMode(Path.Combine(image.Folder, "bin/x")).ShouldBe((UnixFileMode)0b111_101_101);
    }

    [Fact]
    public async Task AnImageIsUnpackedOnceAndAChangedOneAnew()
    {
        var store = new ImageStore(_folder.File("images"), TimeProvider.System);
        var path = _folder.File("image.tar");
        await File.WriteAllBytesAsync(path, new TarBuilder().File("a", "1").Bytes());
        var first = await store.UnpackAsync(path, CancellationToken.None);
        var again = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => store.UnpackAsync(path, CancellationToken.None)));
        again.ShouldAllBe(image => image.Folder == first.Folder);

        await File.WriteAllBytesAsync(path, new TarBuilder().File("a", "22").Bytes());
        var other = await store.UnpackAsync(path, CancellationToken.None);
        other.Folder.ShouldNotBe(first.Folder);
        (await File.ReadAllTextAsync(Path.Combine(other.Folder, "a"))).ShouldBe("22");
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("a/../../outside")]
    public async Task ANameThatLeadsOutIsRefusedAndLeavesNothing(string name)
    {
        (await Should.ThrowAsync<TargetException>(() => UnpackAsync(new TarBuilder().File(name, "evil").Bytes()))).Retryable.ShouldBeFalse();
        File.Exists(_folder.File("outside")).ShouldBeFalse();
        Directory.GetDirectories(_folder.File("images")).ShouldBeEmpty();
    }

    [Fact]
    public async Task LinksLeadNowhereOutsideTheRoot()
    {
        var outside = _folder.File("outside");
        Directory.CreateDirectory(outside);
        await File.WriteAllTextAsync(Path.Combine(outside, "file"), "untouched");
        var image = await UnpackAsync(new TarBuilder().Link("up", outside).File("up/file", "inside").Link("dots", "../../../../../../../../..").File($"dots{outside}/file", "inside too").Bytes());

        (await File.ReadAllTextAsync(Path.Combine(outside, "file"))).ShouldBe("untouched");
        (await File.ReadAllTextAsync(image.Folder + outside + "/file")).ShouldBe("inside too");
        await Should.ThrowAsync<Exception>(() => UnpackAsync(new TarBuilder().Link("stolen", $"../../../..{outside}/file", TarEntryType.HardLink).Bytes()));
    }

    [Fact]
    public async Task DevicesAreLeftOutAndNothingSetsAUser()
    {
        var image = await UnpackAsync(new TarBuilder().Device("dev/null").File("su", "x", 0x9ed).Bytes());

        Names(image.Folder).ShouldNotContain("dev/null");
        File.GetUnixFileMode(Path.Combine(image.Folder, "su")).ShouldBe((UnixFileMode)0b111_101_101);
    }

    [Fact]
    public async Task ABlobThatIsNotWhatItSaysIsRefused()
    {
        var files = TarBuilder.Layout(Config, new TarBuilder().File("a", "1").Bytes());
        var blob = files.Keys.First(name => name.StartsWith("blobs", StringComparison.Ordinal));
        files[blob] = [.. files[blob].Select((value, index) => index == files[blob].Length / 2 ? (byte)(value ^ 1) : value)];

        (await Should.ThrowAsync<TargetException>(() => UnpackAsync(TarBuilder.Of(files)))).Message.ShouldContain("another one than it says");
    }

    [Fact]
    public async Task WhatIsNoImageIsRefused()
    {
        (await Should.ThrowAsync<TargetException>(() => UnpackAsync(new byte[5000]))).ShouldNotBeNull();
        (await Should.ThrowAsync<TargetException>(() => UnpackAsync([0x28, 0xb5, 0x2f, 0xfd, 0]))).Message.ShouldContain("zstd");
        await Should.ThrowAsync<TargetException>(() => new ImageStore(_folder.File("images"), TimeProvider.System).UnpackAsync(_folder.File("absent.tar"), CancellationToken.None));
    }

    private async Task<UnpackedImage> UnpackAsync(byte[] image)
    {
        var path = _folder.File("image.tar");
        await File.WriteAllBytesAsync(path, image);
        return await new ImageStore(_folder.File("images"), TimeProvider.System).UnpackAsync(path, CancellationToken.None);
    }

    private static List<string> Names(string root) =>
        [.. new DirectoryInfo(root).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).Select(entry => Path.GetRelativePath(root, entry.FullName)).Order(StringComparer.Ordinal)];
}
