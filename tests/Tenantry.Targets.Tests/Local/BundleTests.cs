using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Local.Bundles;

namespace Tenantry.Targets.Tests.Local;

/// <summary>The text of a container's configuration, to the letter.</summary>
public sealed class BundleTests
{
    [Fact]
    public void APlainServiceWithTheWholeSystemCallFilter() => Text(Input(Service("/usr/bin/node", "server.js"))).ShouldBeGolden("plain.json");

    [Fact]
    public void EgressSecretsFilesVolumesAndABuild() => Short(Input(Service("/bin/sh", "-c", "exec run") with
    {
        Env = new Dictionary<string, string>(StringComparer.Ordinal) { ["PORT"] = "8080", ["HOME"] = "/data", ["A"] = "with = and \"quotes\"" },
        WorkingDirectory = "/app",
        User = "33:34",
    }) with
    {
        AppFolder = "/d/builds/abc",
        SecretsFolder = "/r/memory/instances/i1/services/web/secrets",
        // What lies inside another one's place comes after it, however they are given.
        Files = [new("/m/hosts", "/etc/hosts"), new("/m/resolv.conf", "/etc/resolv.conf"), new("/m/0", "/data/settings/a.json")],
        Volumes = [new("/v/cache", "/data/settings"), new("/v/@disk/data", "/data")],
        CgroupView = [new("/sys/fs/cgroup/memory/tenantry/i1/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.limit_in_bytes")],
        NetworkNamespace = "/r/namespaces/i1.net",
    }).ShouldBeGolden("everything.json");

    [Fact]
    public void OneOfSeveralServicesSharesNamespaces() => Short(Input(Service("/bin/a")) with
    {
        NetworkNamespace = "/r/namespaces/i1.net",
        IpcNamespace = "/r/namespaces/i1.ipc",
        UtsNamespace = "/r/namespaces/i1.uts",
        CgroupPath = "/tenantry/i1/web",
        OomScore = null,
    }).ShouldBeGolden("one-of-several.json");

    [Fact]
    public void AnImagesOwnCommandVariablesAndFolderAreUsedWhereTheManifestSaysNothing() => Short(Input(Service() with { Env = new Dictionary<string, string>(StringComparer.Ordinal) { ["MODE"] = "manifest" } }) with
    {
        Root = new BundleRoot(
            [new("/r/roots/k/usr", "/usr")],
            ["/docker-entrypoint.sh", "nginx"],
            new Dictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = "/opt/bin", ["MODE"] = "image" },
            "/srv"),
    }).ShouldBeGolden("image.json");

    [Fact]
    public void WithoutAWallTheConfigurationHasItNot()
    {
        var open = LocalBundle.Build(Input(Service("/bin/a")) with
        {
            Protections = new LocalProtections { UserRange = false, ReadOnlyRoot = false, SystemCallFilter = false, NoCapabilities = false, MaskedPaths = false, ProcessTree = false },
        });
        open.Linux.UidMappings.ShouldBeNull();
        open.Root.Readonly.ShouldBeFalse();
        open.Linux.Seccomp.ShouldBeNull();
        open.Process.NoNewPrivileges.ShouldBeFalse();
        open.Linux.MaskedPaths.ShouldBeEmpty();
        open.Linux.Namespaces.Select(space => space.Type).ShouldBe(["mount", "ipc", "uts", "cgroup"]);
    }

    [Fact]
    public void OtherProcessorsGetTheirOwnFilterAndUnknownOnesNone()
    {
        SeccompProfile.For(Architecture.Arm64).Architectures.ShouldBe(["SCMP_ARCH_AARCH64"]);
        Should.Throw<PlatformNotSupportedException>(() => SeccompProfile.For(Architecture.S390x));
    }

    [Theory]
    [InlineData("", 1000u, 1000u)]
    [InlineData("33", 33u, 33u)]
    [InlineData("0", 0u, 0u)]
    [InlineData("33:34", 33u, 34u)]
    [InlineData("65535:65535", 65535u, 65535u)]
    [InlineData("nginx", 1000u, 1000u)]
    [InlineData("nginx:www", 1000u, 1000u)]
    public void AUserIsANumberOrTheOrdinaryOne(string text, uint user, uint group) => LocalBundle.UserOf(text).ShouldBe((user, group));

    [Theory]
    [InlineData("65536")]
    [InlineData("1:65536")]
    [InlineData("1:2:3")]
    [InlineData("1:")]
    [InlineData("1 ")]
    public void ANumberBeyondTheInstancesIdsIsRefused(string text) => Should.Throw<TargetException>(() => LocalBundle.UserOf(text)).Retryable.ShouldBeFalse();

    [Fact]
    public void AServiceWithoutAnyCommandIsRefused() =>
        Should.Throw<TargetException>(() => LocalBundle.Build(Input(Service()))).Message.ShouldBe("Service web has no command, and its root file system brings none.");

    [Fact]
    public void TheProcessOfAWrittenConfigurationIsReadBackWhole()
    {
        var config = LocalBundle.Build(Input(Service("/bin/a", "b c")));
        Encoding.UTF8.GetString(OciConfig.ToJson(OciConfig.ProcessOf(config.ToJson()))).ShouldBe(Encoding.UTF8.GetString(OciConfig.ToJson(config.Process)));
    }

    [Fact]
    public void PlacesThatTheRootMustHaveAreFoldersAndFiles()
    {
        var places = LocalBundle.Places(Input(Service("/bin/a")) with
        {
            AppFolder = "/d/b",
            SecretsFolder = "/s",
            Volumes = [new("/v/data", "/data")],
            Files = [new("/m/hosts", "/etc/hosts")],
        });
        places.Select(place => $"{place.Path} {place.IsFolder}").ShouldBe(["/data True", "/app True", "/run/secrets True", "/etc/hosts False"]);
    }

    private static ServiceWorkload Service(params string[] command) => new() { Name = "web", Command = command };

    private static BundleInput Input(ServiceWorkload service) => new()
    {
        InstanceId = "i1",
        Owner = "o1",
        Service = service,
        HostName = "alice",
        FirstUid = 1_000_065_536,
        Root = BundleRoot.Nothing,
        TmpBytes = 67_108_864,
        OpenFiles = 20_000,
        OomScore = 500,
        Architecture = Architecture.X64,
    };

    private static string Text(BundleInput input) => Encoding.UTF8.GetString(LocalBundle.Build(input).ToJson()) + "\n";

    // Without the filter and what is hidden, which are the same in each.
    private static string Short(BundleInput input)
    {
        var json = JsonNode.Parse(LocalBundle.Build(input).ToJson())!;
        foreach (var same in (string[])["seccomp", "maskedPaths", "readonlyPaths"])
            json["linux"]!.AsObject().Remove(same).ShouldBeTrue(same);
        return json.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n";
    }
}
