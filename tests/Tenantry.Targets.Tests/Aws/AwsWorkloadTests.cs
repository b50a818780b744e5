using System.Net;
using System.Text.Json.Nodes;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws;
using Tenantry.Targets.Contract;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>What a reader found that a workload, an option or an answer of AWS led to; each once.</summary>
public sealed class AwsWorkloadTests
{
    [Fact]
    public void TheImageThatWritesFilesMayBeFetchedLikeTheAppsOwn() =>
        Of(Sample())["repositories"]!.AsArray().Select(one => one!.GetValue<string>()).ShouldBe(["arn:aws:ecr:eu-central-1:123456789012:repository/busybox", "arn:aws:ecr:eu-central-1:123456789012:repository/tools/busybox"]);

    [Fact]
    public void TheImageThatWritesFilesIsRunByItsDigestAsItWasResolved()
    {
        const string Tagged = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/tools/busybox:1";
        var variables = Of(Sample(), images: new Dictionary<string, string>(StringComparer.Ordinal) { [Tagged] = AwsHarness.FilesImage }, options: ("files-image", Tagged));
        variables["containers"]![0]!["image"]!.GetValue<string>().ShouldBe(AwsHarness.FilesImage);
        Parse().FilesImage.ShouldContain("@sha256:");
    }

    [Theory]
    [InlineData("", "1000:1000")]
    [InlineData("70", "70:70")]
    [InlineData("70:71", "70:71")]
    public void ARenderedFileBelongsToWhomItsServiceRunsAs(string user, string owner)
    {
        var sample = Sample();
        var text = Of(sample with { Services = [sample.Services[0] with { User = user, Files = [new FileWorkload("/etc/app/key", "x", 0x100)] }] })["containers"]![0]!["command"]![2]!.GetValue<string>();
        text.ShouldContain($"chown {owner} '/w/web-0/key'\nchmod 400 '/w/web-0/key'");
    }

    [Fact]
    public void TheLoadBalancerAsksAsTheManifestSays()
    {
        var asked = Of(Checked(new HealthWorkload("/ready", 9000, null, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(4), 5, TimeSpan.FromSeconds(1))));
        asked["service"]!["health_port"]!.GetValue<int>().ShouldBe(9000);
        asked["load_balancer"]!.ToJsonString().ShouldStartWith("""{"health_path":"/ready","health_matcher":"200-399","health_interval":20,"health_timeout":4,"health_retries":5,""");
        // It can ask by HTTP alone: an app that names no path is up when it answers at all.
        var command = Of(Checked(new HealthWorkload(null, null, ["true"], TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(9), 1, TimeSpan.Zero)));
        command["service"]!["health_port"]!.GetValue<int>().ShouldBe(0);
        command["load_balancer"]!.ToJsonString().ShouldStartWith("""{"health_path":"/","health_matcher":"200-499","health_interval":5,"health_timeout":4,"health_retries":2,""");
    }

    [Theory]
    [InlineData("isolation=account account-email=a+{tenant}@example.com gateways=10.0.0.0/8 certificate=arn:aws:acm:eu-central-1:1:certificate/x", "no certificate of another account")]
    [InlineData("isolation=account account-email=a+{tenant}@example.com boundary=arn:aws:iam::1:policy/x", "each client has its own")]
    [InlineData("https=open", "Option https cannot be")]
    [InlineData("boundary=arn:aws:iam::1:role/x", "Option boundary cannot be")]
    public void OptionsThatCannotWorkTogetherAreRefused(string options, string sentence) =>
        Should.Throw<TargetException>(() => Parse([.. options.Split(' ').Select(one => one.Split('=', 2)).Select(pair => (pair[0], pair[1]))])).Sentence.ShouldContain(sentence);

    [Fact]
    public void HttpsIsForTheGatewaysUnlessItIsSaidToBeForEverybody()
    {
        Of(Sample())["load_balancer"]!["is_open"]!.GetValue<bool>().ShouldBeFalse();
        Of(Sample(), options: ("https", "everybody"))["load_balancer"]!["is_open"]!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public void SeveralTasksWithoutALoadBalancerAreRefused()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, """{ "*": { "min": 2, "max": 2 } }""");
        var failure = Should.Throw<TargetException>(() => AwsTiers.Of(Sample(), Parse(("tiers", file), ("entrance", "address"))));
        failure.Sentence.ShouldContain("every request goes to one of them");
        Should.NotThrow(() => AwsTiers.Of(Sample() with { EntryPort = null }, Parse(("tiers", file), ("entrance", "address"))));
        Should.NotThrow(() => AwsTiers.Of(Sample(), Parse(("tiers", file))));
        File.Delete(file);
    }

    [Theory]
    [InlineData("operation error EC2: CreateVpc, VpcLimitExceeded: The maximum number of VPCs has been reached.", true, "as many networks (VPC)", "Service Quotas")]
    [InlineData("operation error EC2: AllocateAddress, AddressLimitExceeded: The maximum number of addresses has been reached.", true, "as many addresses (Elastic IP)", "Service Quotas")]
    [InlineData("operation error EC2: CreateVpc, UnauthorizedOperation: You are not authorized to perform this operation.", false, "AWS does not allow it", "aws-policy.json")]
    [InlineData("operation error IAM: CreateRole, api error AccessDenied: User x is not authorized to perform: iam:CreateRole", false, "AWS does not allow it", "boundary")]
    public void WhatAnAccountMayNotHaveIsSaidWithWhatToDo(string text, bool retryable, string sentence, string fix)
    {
        var failure = AwsErrors.Explain("Applying a-prod", [], text);
        failure.Retryable.ShouldBe(retryable);
        failure.Sentence.ShouldContain(sentence);
        failure.Fix.ShouldNotBeNull().ShouldContain(fix);
    }

    private static InstanceWorkload Checked(HealthWorkload health)
    {
        var sample = Sample();
        return sample with { Services = [sample.Services[0] with { Health = health }] };
    }

    private static InstanceWorkload Sample()
    {
        var sample = SampleApp.Make("alice", "owner");
        return sample with { Services = [sample.Services[0] with { Image = AwsHarness.Image }] };
    }

    private static JsonObject Of(InstanceWorkload workload, Dictionary<string, string>? images = null, params (string Key, string Value)[] options) =>
        AwsVariables.Of(new AwsVariableParts(workload, new AwsTier(), IPNetwork.Parse("10.4.0.0/16"), "", images ?? new Dictionary<string, string>(StringComparer.Ordinal)), Parse([("files-image", AwsHarness.FilesImage), .. options]));

    private static AwsTargetOptions Parse(params (string Key, string Value)[] options)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal) { ["region"] = "eu-central-1" };
        foreach (var (key, value) in options)
            all[key] = value;
        return AwsTargetOptions.Parse(all);
    }
}
