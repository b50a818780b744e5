using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Docker;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>
/// An engine on another machine, as far as its network says: a namespace of its own with one address, reached from a second namespace, over TLS. The rules for
/// such a machine are loaded there.
/// </summary>
public sealed class RemoteEngineFixture : IAsyncLifetime
{
    internal static readonly IPAddress Address = IPAddress.Parse("10.98.0.1");

    /// <summary>One of the same machine for which its certificate is not.</summary>
    internal static readonly IPAddress OtherAddress = IPAddress.Parse("10.98.0.3");

    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _authority = new("authority of the tests");

    public RemoteEngineFixture()
    {
        _authority.Write(_folder.File("server"), Address);
        _authority.Write(_folder.File("client"), server: null);
        var server = _folder.File("server");
        Here = new EngineFixture(
            "dockerd", folder => $"{EngineFixture.Dockerd(folder)} --host tcp://0.0.0.0:{Port} --tlsverify --tlscacert {server}/ca.pem --tlscert {server}/cert.pem --tlskey {server}/key.pem", Connect);
    }

    internal const int Port = 2376;

    /// <summary>The same engine, as its own machine sees it.</summary>
    internal EngineFixture Here { get; }

    /// <summary>The network namespace that the control plane is in.</summary>
    internal string Away => _folder.File("away");

    internal TestCertificates Authority => _authority;

    /// <summary>The rules that an operator loads on such a machine.</summary>
    internal static string RulesFile([CallerFilePath] string caller = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(caller)!, "../../../deploy/docker/remote-engine.nft"));

    internal string NewFolder(string name) => _folder.File(name);

    /// <summary>The options of a target on it, as an operator writes them.</summary>
    internal Dictionary<string, string> Options(string memory) => new(StringComparer.Ordinal)
    {
        ["engine"] = $"tcp://{Address}:{Port}",
        ["cert-path"] = _folder.File("client"),
        ["publish"] = Address.ToString(),
        ["memory"] = memory,
        ["rules"] = "loaded",
    };

    public Task InitializeAsync() => Here.InitializeAsync();

    public async Task DisposeAsync()
    {
        await Here.DisposeAsync();
        if (!Here.Skips)
            PinnedNamespaces.Unpin(Away);
        _authority.Dispose();
        _folder.Dispose();
    }

    private void Connect(EngineFixture engine)
    {
        PinnedNamespaces.Create(Away);
        engine.Run("ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", Away);
        engine.Run("ip", "address", "add", $"{Address}/24", "dev", "near");
        engine.Run("ip", "address", "add", $"{OtherAddress}/24", "dev", "near");
        engine.Run("ip", "link", "set", "near", "up");
        engine.Run("nsenter", $"--net={Away}", "sh", "-c", "ip address add 10.98.0.2/24 dev far; ip link set far up");
        engine.Run("nft", "-f", RulesFile());
    }
}

/// <summary>All tests with an engine on another machine share one.</summary>
[CollectionDefinition(Name)]
public sealed class RemoteEngineTestGroup : ICollectionFixture<RemoteEngineFixture>
{
    public const string Name = "docker engine elsewhere";
}

/// <summary>A Docker target on an engine elsewhere.</summary>
internal sealed class RemoteHarness : ContractHarness
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<DockerTarget> _targets = [];
    private readonly RemoteEngineFixture _engine;

    internal RemoteHarness(RemoteEngineFixture engine)
    {
        _engine = engine;
        Owner = $"owner-{Guid.NewGuid():N}";
        Target = Reopen();
    }

    /// <summary>The folder in memory on the engine's machine.</summary>
    internal string Memory => _folder.File("memory");

    public override ITarget Target { get; }

    public override bool PublishesPorts => true;

    public override string Owner { get; }

    public override ITarget Reopen()
    {
        var options = DockerTargetOptions.Parse(_engine.Options(Memory)) with { Network = _engine.Away };
        var target = new DockerTarget(new TargetContext("docker", Owner, _folder.File("data"), _folder.File("run"), new Dictionary<string, string>(StringComparer.Ordinal), TimeProvider.System, NullLogger.Instance), options);
        _targets.Add(target);
        return target;
    }

    // An app is reached from outside of its container here, so that it has to listen there.
    public override InstanceWorkload Fit(InstanceWorkload workload) => workload with
    {
        Services = [.. workload.Services.Select(service => service with { Image = EngineFixture.Image, Command = [.. service.Command.Select(part => part.Replace("127.0.0.1:8080 -h", "8080 -h", StringComparison.Ordinal))] })],
    };

    public override InstanceWorkload Failing(InstanceWorkload workload) =>
        SampleApp.Digested(workload with { Services = [workload.Services[0] with { Command = Shell("echo boom; exit 3") }] });

    public override Task KillAsync(InstanceRef instance) => DockerHarness.KillAsync(_engine.Here, instance);

    public override async ValueTask DisposeAsync()
    {
        foreach (var target in _targets)
            await target.DisposeAsync();
        _folder.Dispose();
    }
}
