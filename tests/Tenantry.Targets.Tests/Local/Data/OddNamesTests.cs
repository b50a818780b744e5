using System.Diagnostics;
using System.Formats.Tar;
using System.Text;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Data;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Data;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Local.Data;

/// <summary>An export is whole, or a sentence that names what cannot be in it.</summary>
public sealed class OddNamesTests
{
    private static readonly ResourceName Volume = new("volume", "alice-data");

    [NeedsRootFact]
    public async Task NamesOfEverySortComeBackAsTheyWere()
    {
        using var folder = new TemporaryFolder();
        string[] names = ["plain", "a\nb", "ends in a break\n", " spaces ", "tab\there", "back\\slash", "=equals=", "17 path=x", "ä€🙂", "*?[", "\u0001\u001b[2J", "long-" + new string('é', 100), "long\n" + new string('x', 200), "-o json"];
        foreach (var name in names)
            await File.WriteAllTextAsync(folder.File(name), name);
        Directory.CreateDirectory(folder.File("folder\nof"));
        await File.WriteAllTextAsync(folder.File("folder\nof/inner"), "inner");
        File.CreateSymbolicLink(folder.File("link"), "to\nwhat");
        File.CreateSymbolicLink(folder.File("l\nink"), "plain");

        using var back = await MovedAsync(folder.Path);

        Names(back.Path).ShouldBe(Names(folder.Path));
        foreach (var name in names)
            (await File.ReadAllTextAsync(back.File(name))).ShouldBe(name);
        new FileInfo(back.File("link")).LinkTarget.ShouldBe("to\nwhat");
        new FileInfo(back.File("l\nink")).LinkTarget.ShouldBe("plain");
    }

    [NeedsRootFact]
    public async Task ManyFoldersInOneAnotherComeBack()
    {
        using var folder = new TemporaryFolder();
        var deepest = folder.File(string.Join('/', Enumerable.Repeat("d", 600)));
        Directory.CreateDirectory(deepest);
        await File.WriteAllTextAsync(Path.Combine(deepest, "file"), "at the bottom");

        using var back = await MovedAsync(folder.Path);

        (await File.ReadAllTextAsync(back.File(string.Join('/', Enumerable.Repeat("d", 600)) + "/file"))).ShouldBe("at the bottom");
    }

    [Theory]
    [InlineData("printf x > \"$(printf 'bad\\377name')\"", "bad\\xffname is not UTF-8")]
    [InlineData("mkdir \"$(printf 'f\\377')\"; touch \"$(printf 'f\\377/good')\"", "f\\xff is not UTF-8")]
    [InlineData("mkdir in; printf x > \"$(printf 'in/a\\nb ')\"", "in/a\\x0ab  has a line break and ends in a space")]
    [InlineData("mkdir -p $(yes $(printf %0200d 1) | head -18 | tr '\\n' /)", "lies deeper than 3500 bytes of path")]
    public async Task WhatATarDoesNotKeepIsNamedBeforeTheFirstByteGoesOut(string script, string named)
    {
        using var folder = new TemporaryFolder();
        Shell(folder.Path, script);
        using var tar = new MemoryStream();

        var refused = await Should.ThrowAsync<TargetException>(() => DataExport.WriteAsync(tar, [(Volume, "data", folder.Path)], 0, CancellationToken.None));

        refused.Sentence.ShouldStartWith("volume alice-data: Its data cannot be handed out whole: ");
        refused.Sentence.ShouldContain(named);
        (refused.Retryable, refused.Fault, refused.Fix, tar.Length).ShouldBe((false, TargetFault.Content, refused.Fix.ShouldNotBeNull(), 0));
    }

    [Fact]
    public void AFolderOfEverySortOfNameIsRemovedAndNothingBehindItsLinks()
    {
        using var other = new TemporaryFolder();
        File.WriteAllText(other.File("kept"), "");
        var folder = Directory.CreateTempSubdirectory("tenantry-test-").FullName;
        Shell(folder, $"mkdir -p \"$(printf 'f\\377')/in\" $(yes {new string('d', 200)} | head -18 | tr '\\n' /); touch \"$(printf 'f\\377/g\\376')\" .hidden; mkfifo pipe; ln -s '{other.Path}' link; ln -s '{other.Path}' \"$(printf 'f\\377/in/link')\"");

        FolderRemoval.Remove(folder);

        Directory.Exists(folder).ShouldBeFalse();
        File.Exists(other.File("kept")).ShouldBeTrue();
    }

    [Fact]
    public async Task ALinkToANameThatIsNoTextIsNamed()
    {
        using var folder = new TemporaryFolder();
        Shell(folder.Path, "ln -s \"$(printf 'to\\377')\" link");
        using var tar = new MemoryStream();

        (await Should.ThrowAsync<TargetException>(() => DataExport.WriteAsync(tar, [(Volume, "data", folder.Path)], 0, CancellationToken.None))).Message.ShouldContain("link leads to to\\xff");
    }

    [Fact]
    public async Task ADockerVolumeWithALineBreakInANameGoesThroughAndANameThatIsNoTextIsRefused()
    {
        using var first = new MemoryStream();
        await using (var writer = new TarWriter(first, TarEntryFormat.Gnu, leaveOpen: true))
        {
            await writer.WriteEntryAsync(new GnuTarEntry(TarEntryType.RegularFile, "data/a\nb") { DataStream = new MemoryStream("x"u8.ToArray()) });
            await writer.WriteEntryAsync(new GnuTarEntry(TarEntryType.RegularFile, "data/bad\uFFFDname"));
        }

        first.Position = 0;
        using var second = new MemoryStream();
        await using (var reader = new TarReader(first))
        await using (var writer = new TarWriter(second, TarEntryFormat.Pax, leaveOpen: true))
        {
            await VolumeTar.CopyAsync((await reader.GetNextEntryAsync()).ShouldNotBeNull(), writer, CancellationToken.None);
            var bad = (await reader.GetNextEntryAsync()).ShouldNotBeNull();
            Should.Throw<TargetException>(() => VolumeTar.RefuseUnreadable(bad)).Message.ShouldContain("not UTF-8");
        }

        second.Position = 0;
        await using var copy = new TarReader(second);
        (await copy.GetNextEntryAsync()).ShouldNotBeNull().Name.ShouldBe("data/a\nb");
    }

    private static async Task<TemporaryFolder> MovedAsync(string folder)
    {
        using var tar = new MemoryStream();
        await DataExport.WriteAsync(tar, [(Volume, "data", folder)], 0, CancellationToken.None);
        tar.Position = 0;
        var back = new TemporaryFolder();
        await new DataImport(new Dictionary<string, string>(StringComparer.Ordinal) { ["data"] = back.Path }, 0).ReadAsync(tar, CancellationToken.None);
        return back;
    }

    private static string[] Names(string folder) => [.. SafeWalk.Below(folder).Select(entry => $"{entry.Status.Kind} {entry.Path}").Order(StringComparer.Ordinal)];

    private static void Shell(string folder, string script)
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]) { WorkingDirectory = folder })!;
        shell.WaitForExit();
        shell.ExitCode.ShouldBe(0);
    }
}
