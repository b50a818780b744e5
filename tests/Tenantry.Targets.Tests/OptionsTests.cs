using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker;
using Tenantry.Targets.Local;

namespace Tenantry.Targets.Tests;

/// <summary>What an operator may say about a target, and what is said back.</summary>
public sealed class OptionsTests
{
    [Fact]
    public void WithoutOptionsEverythingIsUsual()
    {
        LocalTargetOptions.Parse(Options()).ShouldBe(new LocalTargetOptions());
        DockerTargetOptions.Parse(Options()).Socket.ShouldBe("/var/run/docker.sock");
    }

    [Fact]
    public void EachOptionOfTargetLocalIsRead() =>
        LocalTargetOptions.Parse(Options(
            "runtime=runc", "volumes=Folder", "cgroup=apps/tenantry-1", "uids=100000-231071", "log-size=4096", "log-files=1", "tmp-size=1048576")).ShouldBe(
            new LocalTargetOptions
            {
                Runtime = LocalRuntime.Runc,
                Volumes = VolumeMode.Folder,
                Cgroup = "apps/tenantry-1",
                FirstUid = 100_000,
                LastUid = 231_071,
                LogBytes = 4096,
                LogFiles = 1,
                TmpBytes = 1_048_576,
            });

    [Fact]
    public void EachOptionOfTargetDockerIsRead()
    {
        var read = DockerTargetOptions.Parse(Options("engine=unix:///run/other.sock", "subnets=10.9.0.0/16", "dns=10.0.0.2,1.1.1.1", "log-size=5000", "log-files=2", "tmp-size=4096"));
        (read.Socket, $"{read.Subnets}", string.Join(' ', read.Dns), read.LogBytes, read.LogFiles, read.TmpBytes)
            .ShouldBe(("/run/other.sock", "10.9.0.0/16", "10.0.0.2 1.1.1.1", 5000, 2, 4096));
    }

    [Fact]
    public void AnEngineOnAnotherMachineIsRead()
    {
        var folder = DockerTargetOptions.Parse(Options("engine=tcp://engine.example:2376", "cert-path=/etc/docker-certs", "publish=10.0.0.5", "key=/etc/keys/ours.pem")).Remote;
        folder.ShouldBe(new RemoteEngine("engine.example", 2376, "/etc/docker-certs/ca.pem", "/etc/docker-certs/cert.pem", "/etc/keys/ours.pem", System.Net.IPAddress.Parse("10.0.0.5"), "/run/tenantry-docker", HoldsRules: false));
    }

    [Theory]
    [InlineData("certificates on both sides", "engine=tcp://engine.example:2376", "publish=10.0.0.5")]
    [InlineData("the option publish", "engine=tcp://engine.example:2376", "cert-path=/certs")]
    [InlineData("engine=tcp://HOST:PORT", "publish=10.0.0.5")]
    [InlineData("Option engine cannot be", "engine=tcp://engine.example", "publish=10.0.0.5", "cert-path=/certs")]
    [InlineData("Option publish cannot be", "engine=tcp://engine.example:2376", "publish=0.0.0.0", "cert-path=/certs")]
    [InlineData("Option cert-path cannot be", "engine=tcp://engine.example:2376", "publish=10.0.0.5", "cert-path=certs")]
    [InlineData("Option memory cannot be", "engine=tcp://engine.example:2376", "publish=10.0.0.5", "cert-path=/certs", "memory=/run")]
    public void AnEngineOnAnotherMachineThatIsHalfDescribedIsRefused(string sentence, params string[] options) =>
        Should.Throw<TargetException>(() => DockerTargetOptions.Parse(Options(options))).Sentence.ShouldContain(sentence);

    [Theory]
    [InlineData("runtime=podman")]
    [InlineData("volumes=1")]
    [InlineData("volumes=")]
    [InlineData("cgroup=/tenantry")]
    [InlineData("cgroup=a/../b")]
    [InlineData("cgroup=")]
    [InlineData("uids=1000-70000")]
    [InlineData("uids=100000-165534")]
    [InlineData("uids=200000-100000")]
    [InlineData("uids=0-4294967295")]
    [InlineData("uids=100000-99999999999")]
    [InlineData("log-size=4095")]
    [InlineData("log-size=10MB")]
    [InlineData("log-files=0")]
    [InlineData("log-files=1001")]
    [InlineData("tmp-size=-1")]
    public void AValueThatMakesNoSenseIsRefusedWithWhatTheOptionMeans(string option)
    {
        var key = option.Split('=')[0];
        var refused = Should.Throw<TargetException>(() => LocalTargetOptions.Parse(Options(option)));
        refused.Retryable.ShouldBeFalse();
        refused.Message.ShouldBe($"Option {key} cannot be \"{option[(key.Length + 1)..]}\" ({LocalTargetOptions.Known[key]}).");
    }

    [Theory]
    [InlineData("engine=http://127.0.0.1:2375")]
    [InlineData("subnets=10.0.0.0/29")]
    [InlineData("subnets=fd00::/16")]
    [InlineData("dns=one.one")]
    [InlineData("dns=")]
    public void ADockerValueThatMakesNoSenseIsRefused(string option) =>
        Should.Throw<TargetException>(() => DockerTargetOptions.Parse(Options(option))).Message.ShouldStartWith($"Option {option.Split('=')[0]} cannot be ");

    [Fact]
    public void EveryMistakeIsNamedAtOnceAndTheNearestKeyWithIt()
    {
        var refused = Should.Throw<TargetException>(() => LocalTargetOptions.Parse(Options("log_size=1", "runtme=crun", "tmp-size=x", "zzz=1")));
        refused.Message.ShouldContain("There is no option log_size (known: cgroup, log-files, log-size, runtime, tmp-size, uids, volumes). Did you mean 'log-size'?");
        refused.Message.ShouldContain("There is no option runtme");
        refused.Message.ShouldContain("'runtime'?");
        refused.Message.ShouldContain("Option tmp-size cannot be \"x\"");
        refused.Message.ShouldEndWith("There is no option zzz (known: cgroup, log-files, log-size, runtime, tmp-size, uids, volumes).");
    }

    [Fact]
    public void WhatTheCatalogueListsIsWhatIsRead()
    {
        foreach (var kind in TargetCatalog.All)
        {
            foreach (var (key, meaning) in kind.Options)
            {
                meaning.ShouldNotBeEmpty();
                // A value that no option takes: the key itself is known.
                Should.Throw<TargetException>(() => kind.Create(Context(Options($"{key}=\u0001")))).Message.ShouldContain($"Option {key} cannot be");
            }
        }
    }

    private static TargetContext Context(IReadOnlyDictionary<string, string> options) =>
        new("here", "owner", "/nonexistent", "/nonexistent", options, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);

    private static Dictionary<string, string> Options(params string[] pairs) =>
        pairs.Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
}
