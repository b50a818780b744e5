using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Docker.Compose;

namespace Tenantry.Targets.Tests.Docker.Compose;

/// <summary>The exact Compose file, and what never gets into one.</summary>
public class ComposeRendererTests
{
    private static readonly ComposeOptions Options = new() { Prefix = "com.example", Version = "0.2.0", Environment = "staging" };

    private static InstanceWorkload Instance(string slug, Func<ServiceWorkload, ServiceWorkload>? change = null)
    {
        var sample = SampleApp.Make(slug, "owner");
        var web = sample.Services[0] with
        {
            Image = "registry.example/app@sha256:0f",
            User = "1001:1002",
            Env = new Dictionary<string, string>(StringComparer.Ordinal) { ["PRICE"] = "5 $HOME ${NOT}", ["TOKEN"] = $"Bearer {SecretMarks.Of("token")}", ["YES"] = "yes", ["AT"] = "12:30" },
            StopGrace = TimeSpan.FromMilliseconds(1500),
        };
        var cache = new ServiceWorkload { Name = "cache", Command = ["/bin/cache"], Image = "cache:7", Health = new HealthWorkload(null, null, ["/bin/cache", "ping"], TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5), 3, TimeSpan.FromSeconds(10)), DependsOn = ["web"] };
        return sample with
        {
            Ref = new InstanceRef($"id-of-{slug}", slug, "owner"),
            Release = new ReleaseSource("release-1", "", null),
            Services = [change is null ? web : change(web), cache],
            Secrets = new Dictionary<string, string>(StringComparer.Ordinal) { ["token"] = SecretMarks.Of("token") },
        };
    }

    [Fact]
    public void AFileSaysAllThatComposeCanSay()
    {
        var overrides = ComposeOverrides.Read("services:\n  bob:\n    deploy: { resources: { limits: { memory: 256M, cpus: \"0.5\" } } }\n    environment: [EXTRA=1]\n", ["alice", "bob"]);

        var rendered = ComposeRenderer.Render([Instance("bob"), Instance("alice")], Options, overrides);

        rendered.Text.ShouldBeGolden("compose.yaml");
        rendered.Rendered.ShouldBe(["alice", "bob"]);
        rendered.Secrets.Select(secret => secret.Path).ShouldBe(["compose.files/alice/secrets/token", "compose.files/alice/secrets/1000-1000/token", "compose.files/bob/secrets/token", "compose.files/bob/secrets/1000-1000/token"]);
        rendered.Variables.Select(variable => variable.Slug).ShouldBe(["alice", "bob"]);
        rendered.Notices.ShouldHaveSingleItem().ShouldContain("health is asked from inside");
    }

    [Fact]
    public void TheSameInstancesInAnyOrderGiveTheSameFile() =>
        ComposeRenderer.Render([Instance("alice"), Instance("bob")], Options, ComposeOverrides.None).Text
            .ShouldBe(ComposeRenderer.Render([Instance("bob"), Instance("alice")], Options, ComposeOverrides.None).Text);

    [Fact]
    public void AFileOrACommandThatWouldHoldASecretKeepsItsInstanceOutAndNoOther()
    {
        var file = Instance("in-a-file", web => web with { Files = [new FileWorkload("/etc/app.json", $"key={SecretMarks.Of("token")}", 0x124)] });
        var command = Instance("in-a-command", web => web with { Command = ["/bin/app", $"--key={SecretMarks.Of("token")}"] });

        var rendered = ComposeRenderer.Render([file, command, Instance("well")], Options, ComposeOverrides.None);

        rendered.Rendered.ShouldBe(["well"]);
        rendered.Skipped.Select(one => one.Slug).ShouldBe(["in-a-command", "in-a-file"]);
        rendered.Skipped.ShouldAllBe(one => one.Reason.Contains("/run/secrets/token", StringComparison.Ordinal));
        rendered.Text.ShouldNotContain('\u0001');
    }

    [Fact]
    public void WhatTheDockerTargetRefusesIsSkippedHereToo()
    {
        var rendered = ComposeRenderer.Render([Instance("root", web => web with { User = "0" }), Instance("socket", web => web with { Volumes = [new VolumeWorkload("s", "/var/run/docker.sock", null)] })], Options, ComposeOverrides.None);

        rendered.Rendered.ShouldBeEmpty();
        rendered.Skipped.Select(one => one.Slug).ShouldBe(["root", "socket"]);
    }

    [Fact]
    public void ALimitBelowTheReservationTakesItAwayAndACheckOfOnesOwnCounts()
    {
        var overrides = ComposeOverrides.Read("services:\n  alice: { mem_limit: 1m, healthcheck: { test: [CMD, \"true\"] } }\n  bob: { mem_limit: 1g }\n", ["alice", "bob"]);
        ServiceWorkload Unchecked(ServiceWorkload web) => web with { Health = null };

        var lines = ComposeRenderer.Render([Instance("alice", Unchecked), Instance("bob", Unchecked)], Options, overrides).Text.Split('\n');

        var (alice, bob) = (Of("alice"), Of("bob"));
        alice.ShouldNotContain(line => line.Contains("mem_reservation", StringComparison.Ordinal));
        alice.ShouldNotContain(line => line.Contains("disable", StringComparison.Ordinal));
        bob.ShouldContain(line => line.Contains("mem_reservation", StringComparison.Ordinal));
        bob.ShouldContain(line => line.Contains("disable: true", StringComparison.Ordinal));

        string[] Of(string service) => [.. lines.SkipWhile(line => line != $"  {service}:").Skip(1).TakeWhile(line => line.StartsWith("    ", StringComparison.Ordinal))];
    }

    [Fact]
    public void EachUserOfAnInstanceHasSecretsOfItsOwnAndFilesKeepTheirPermissions()
    {
        var instance = Instance("alice", web => web with { Files = [new FileWorkload("/hook.sh", "#!/bin/sh", 0x16D)] });
        instance = instance with { Services = [instance.Services[0], instance.Services[1] with { User = "2001:2002" }] };

        var rendered = ComposeRenderer.Render([instance], Options, ComposeOverrides.None);

        rendered.Secrets.Select(secret => (secret.Path.Split("secrets")[1], secret.User)).ShouldBe([("/token", 1001u), ("/2001-2002/token", 2001u)]);
        rendered.Text.ShouldContain("source: alice.2001-2002.token");
        rendered.Files.Single(file => file.Path.EndsWith("hook.sh", StringComparison.Ordinal)).Mode.ShouldBe(0x16D);
    }

    [Fact]
    public void ANetworkKeepsItsAddressesWhoeverElseComes()
    {
        string[] many = [.. Enumerable.Range(0, 300).Select(i => $"t{i}")];
        string[] SubnetsOf(IEnumerable<string> slugs, IReadOnlyDictionary<string, string> present) =>
            [.. PresentCompose.Read(ComposeRenderer.Render([.. slugs.Select(slug => Instance(slug))], new ComposeOptions { Subnets = "10.9.0.0/19", Present = present }, ComposeOverrides.None).Text)!.Subnets.Where(pair => pair.Key != "a").OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} {pair.Value}")];
        var before = PresentCompose.Read(ComposeRenderer.Render([.. many.Select(slug => Instance(slug))], new ComposeOptions { Subnets = "10.9.0.0/19" }, ComposeOverrides.None).Text)!.Subnets;

        var after = SubnetsOf(["a", .. many], before);

        after.ShouldBe(before.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} {pair.Value}"));
        before.Values.Distinct(StringComparer.Ordinal).Count().ShouldBe(many.Length);
    }

    [Fact]
    public void ARangeThatIsTooSmallIsSaid() =>
        Should.Throw<TargetException>(() => ComposeRenderer.Render([Instance("alice"), Instance("bob")], new ComposeOptions { Subnets = "10.0.0.0/28" }, ComposeOverrides.None))
            .Message.ShouldContain("room for 1 networks and 2 are needed");

    [Theory]
    [InlineData("services: { alice: { privileged: true } }", "services.alice.privileged")]
    [InlineData("services: { alice: { dns: 192.0.2.53 } }", "services.alice.dns")]
    [InlineData("services: { alice: { volumes: [\"/:/host\"] } }", "services.alice.volumes")]
    [InlineData("services: { alice: { network_mode: host } }", "services.alice.network_mode")]
    [InlineData("services: { alice: { user: \"0\" } }", "services.alice.user")]
    [InlineData("services: { alice: { labels: { tenantry.owner: x } } }", "services.alice.labels.tenantry.owner")]
    [InlineData("services: { alice: { mem_limt: 1g } }", "services.alice.mem_limt")]
    [InlineData("services: { alcie: { cpus: 1 } }", "services.alcie")]
    [InlineData("networks: {}", "")]
    [InlineData("services: [", "")]
    [InlineData("services: { alice: { mem_limit: 0 } }", "services.alice.mem_limit")]
    [InlineData("services: { alice: { mem_limit: \"0b\" } }", "services.alice.mem_limit")]
    [InlineData("services: { alice: { pids_limit: -1 } }", "services.alice.pids_limit")]
    [InlineData("services: { alice: { cpus: 0 } }", "services.alice.cpus")]
    [InlineData("services: { alice: { cpus: ~ } }", "services.alice.cpus")]
    [InlineData("services: { alice: { deploy: { resources: { limits: { memory: \"0\" } } } } }", "services.alice.mem_limit")]
    [InlineData("services: { alice: { labels: { tenantry.tenant: bob } } }", "services.alice.labels.tenantry.tenant")]
    [InlineData("services: { alice: { ports: [\"8081:8080\"] } }", "services.alice.ports")]
    [InlineData("services: { alice: { ports: [8080] } }", "services.alice.ports")]
    [InlineData("services: { alice: { ports: [\"0.0.0.0:8081:8080\"] } }", "services.alice.ports")]
    [InlineData("services: { alice: { ports: [\"[::]:8081:8080\"] } }", "services.alice.ports")]
    [InlineData("services: { alice: { ports: [{ target: 8080, published: 8081 }] } }", "services.alice.ports")]
    [InlineData("services: { alice: { logging: { options: { max-size: -1 } } } }", "services.alice.logging")]
    [InlineData("services: { alice: { logging: { driver: local } } }", "services.alice.logging")]
    [InlineData("services: { alice: { logging: none } }", "services.alice.logging")]
    public void OverridesThatOpenAWallOrMeanNothingAreRefusedWithTheirPlace(string text, string path)
    {
        var mistake = Should.Throw<ComposeOverridesException>(() => ComposeOverrides.Read(text, ["alice"])).Mistakes.ShouldHaveSingleItem();

        mistake.Path.ShouldBe(path);
        mistake.Line.ShouldBeInRange(1, 2);
    }

    [Theory]
    [InlineData("ports: [\"127.0.0.1:8081:8080\", \"[::1]:8081:8080\"]", null)]
    [InlineData("ports: [\"${ADDRESS}:8081:8080\"]", null)]
    [InlineData("ports: [{ target: 8080, published: 8081, host_ip: 10.0.0.5 }]", "past any gateway")]
    [InlineData("logging: { options: { max-size: 50m } }", null)]
    [InlineData("logging: { driver: local, options: { max-size: 5m } }", null)]
    [InlineData("logging: { driver: none }", "'docker logs' shows nothing")]
    [InlineData("logging: { driver: journald }", "'docker logs' shows what that driver gives back")]
    public void OverridesThatTakeSomethingAwayAndOpenNoWallAreTakenAndTold(string wanted, string? notice)
    {
        var rendered = ComposeRenderer.Render([Instance("alice")], Options, ComposeOverrides.Read($"services: {{ alice: {{ {wanted} }} }}", ["alice"]));

        var told = rendered.Notices.Where(text => text.StartsWith("alice: ", StringComparison.Ordinal) && text.Contains("overrides", StringComparison.Ordinal) && !text.Contains("health is", StringComparison.Ordinal)).ToList();
        if (notice is null)
            told.ShouldBeEmpty();
        else
            told.ShouldHaveSingleItem().ShouldContain(notice);
        // An engine refuses options of another driver.
        if (wanted.Contains("driver: none", StringComparison.Ordinal) || wanted.Contains("journald", StringComparison.Ordinal))
            Overridden(rendered.Text).ShouldNotContain("max-size");
    }

    private static string Overridden(string text) => text[..text.IndexOf("alice.cache:", StringComparison.Ordinal)];

    [Fact]
    public void ALargerMemoryStillHasNoSwap()
    {
        var rendered = ComposeRenderer.Render([Instance("alice")], Options, ComposeOverrides.Read("services: { alice: { mem_limit: 1g } }", ["alice"]));

        rendered.Text.ShouldContain("memswap_limit: \"1g\"");
    }

    [Fact]
    public void APartOfASecondToStopBecomesAWholeOneSinceDockerCompose129WouldSendTheEngineAFraction() =>
        ComposeRenderer.Render([Instance("alice")], Options, ComposeOverrides.None).Text.ShouldContain("stop_grace_period: \"2s\"");

    [Fact]
    public void AHealthCheckDoesNotUseTheTimeoutWithWhichDebiansStaticBusyboxBreaksDown() =>
        ComposeRenderer.Render([Instance("alice")], Options, ComposeOverrides.None).Text.ShouldNotContain("wget -q -T");

    [Fact]
    public void VariablesOfDifferentSecretsNeverShareAName() =>
        SecretMarks.VariableOf("a-b", "c").ShouldNotBe(SecretMarks.VariableOf("a", "b-c"));
}
