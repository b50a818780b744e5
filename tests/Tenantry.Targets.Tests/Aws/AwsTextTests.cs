using System.Net;
using System.Text.Json.Nodes;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws;
using Tenantry.Targets.Aws.Api;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>What is made of a workload, to the letter; and what is refused.</summary>
public sealed class AwsTextTests
{
    [Fact]
    public void VariablesOfAnInstanceHoldNoSecret()
    {
        var text = Variables(Workload()).ToJsonString(AtomicFile.Json);
        text.ShouldNotContain("canary");
        text.ShouldBeGolden("variables.json");
    }

    [Fact]
    public void ASecretHoldsWhatMustNotBeInVariables() =>
        string.Join(' ', AwsSecretDocument.Of(Workload()).Values.Keys).ShouldBe("env.web.TOKEN_URL file.web.0 token");

    [Fact]
    public void WhatTheTargetKnowsIsAddedAndTheRecordStaysAsItWas()
    {
        var instance = Variables(Workload());
        var whole = AwsVariables.Whole(instance, Options("endpoint=http://127.0.0.1:5000/"), "arn:aws:iam::2:role/x", isAsleep: true);
        (whole["endpoint"]!.GetValue<string>(), whole["role_arn"]!.GetValue<string>(), whole["service"]!["asleep"]!.GetValue<bool>()).ShouldBe(("http://127.0.0.1:5000", "arn:aws:iam::2:role/x", true));
        instance["service"]!["asleep"]!.GetValue<bool>().ShouldBeFalse();
        instance.ContainsKey("endpoint").ShouldBeFalse();
    }

    [Theory]
    [InlineData("alice", "alice", "prod", "alice-prod")]
    [InlineData("alice-staging", "alice", "staging", "alice-staging")]
    [InlineData("alice-staging", "alice-staging", "prod", "alice-staging-prod")]
    [InlineData("crm", "alice", "prod", "crm-prod")]
    [InlineData("crm-dev", "alice", "dev", "crm-dev")]
    public void AWorkspaceIsTenantAndEnvironment(string slug, string tenant, string environment, string workspace)
    {
        var workload = Workload();
        AwsNames.Workspace(workload with { Ref = workload.Ref with { Slug = slug }, Labels = workload.Labels with { Tenant = tenant, Environment = environment } }).ShouldBe(workspace);
    }

    [Fact]
    public void ShortNamesFitALoadBalancer()
    {
        AwsNames.Short(new InstanceRef("i1", "a-very-long-slug-with-many-words", "o")).Length.ShouldBeLessThanOrEqualTo(20);
        AwsNames.Short(new InstanceRef("i1", "a", "o")).ShouldNotBe(AwsNames.Short(new InstanceRef("i2", "a", "o")));
        AwsNames.Short(new InstanceRef("i1", "abcdefg-h", "o")).ShouldMatch("^tn-abcdefg-[0-9a-f]{8}$");
        AwsNames.Short(new InstanceRef("i1", "a--b---c", "o")).ShouldMatch("^tn-a-b-c-[0-9a-f]{8}$", "Redis takes no two dashes in a row");
    }

    [Theory]
    [InlineData(0.25, 256, 256, 512)]
    [InlineData(0.25, 1025, 256, 2048)]
    [InlineData(0.5, 512, 512, 1024)]
    [InlineData(0.3, 900, 512, 1024)]
    [InlineData(1, 2048, 1024, 2048)]
    [InlineData(0.25, 5000, 1024, 5120)]
    [InlineData(3, 8192, 4096, 8192)]
    [InlineData(8, 20000, 8192, 20480)]
    public void ATierIsRoundedUpToASizeThatFargateHas(double cores, int mebibytes, int cpu, int memory) =>
        FargateSize.For((decimal)cores, mebibytes * 1024L * 1024).ShouldBe(new FargateSize(cpu, memory));

    [Fact]
    public void ATierThatFargateDoesNotHaveIsRefused() =>
        Should.Throw<TargetException>(() => FargateSize.For(32, 1 << 30)).Retryable.ShouldBeFalse();

    [Theory]
    [InlineData("region=eu-central-1", null)]
    [InlineData("project=demo", "region is needed")]
    [InlineData("region=eu-central-1 isolation=account", "account-email")]
    [InlineData("region=eu-central-1 pools=10.0.0.0/20", "smaller than one range")]
    [InlineData("region=europe", "Option region cannot be")]
    [InlineData("region=eu-central-1 state=s3://bucket", "Option state cannot be")]
    [InlineData("region=eu-central-1 account-email=a@example.com", "Option account-email cannot be")]
    [InlineData("region=eu-central-1 certificate=arn:aws:iam::1:x", "Option certificate cannot be")]
    [InlineData("region=eu-central-1 certificate=arn:aws:acm:eu-central-1:1:certificate/x", "certificate needs the option gateways")]
    [InlineData("region=eu-central-1 time-limit=5s", "Option time-limit cannot be")]
    public void OptionsThatMakeNoSenseAreRefused(string options, string? sentence)
    {
        if (sentence is null)
            Options(options.Split(' ')).Zones.ShouldBe(["eu-central-1a", "eu-central-1b"]);
        else
            Should.Throw<TargetException>(() => Parse(options.Split(' '))).Sentence.ShouldContain(sentence);
    }

    [Theory]
    [InlineData("""{ "large": { "min": 2, "max": 10, "redis": { "nodeType": "cache.r6g.large", "nodes": 3 }, "exit": "nat" } }""", null)]
    [InlineData("""{ "large": { "min": 3, "max": 2 } }""", "max is at least min")]
    [InlineData("""{ "large": { "maximum": 2 } }""", "maximum")]
    [InlineData("""{ "large": { "redis": { "nodeType": "t4g.micro" } } }""", "redis.nodeType")]
    [InlineData("""{ "large": """, "makes no sense")]
    public void AFileOfTiersIsReadOrRefused(string json, string? mistake)
    {
        if (mistake is null)
            AwsTiers.Read(json, "f").Keys.ShouldBe(["large"]);
        else
            Should.Throw<TargetException>(() => AwsTiers.Read(json, "f")).Sentence.ShouldContain(mistake);
    }

    [Fact]
    public void WhatFargateCannotRunIsRefused()
    {
        var sample = Workload();
        ShouldRefuse(sample with { Egress = new EgressRules(EgressMode.List, ["example.com"]) }, "list of egress");
        ShouldRefuse(With(sample, service => service with { Image = null }), "has no image");
        ShouldRefuse(With(sample, service => service with { Files = [new FileWorkload("/etc/passwd", "", 0x124)] }), "wants a file in /etc");
        ShouldRefuse(With(sample, service => service with { StopGrace = TimeSpan.FromMinutes(3) }), "120 at most");
        ShouldRefuse(With(sample, service => service with { Volumes = [new VolumeWorkload("v", "/usr/", null)] }), "the image's own files");
    }

    // A network without a way out has endpoints, and behind them is the region's own registry.
    [Fact]
    public void AnAppWithoutAWayOutNeedsItsImagesInTheRegionsRegistry()
    {
        var sample = Workload();
        Should.NotThrow(() => AwsWorkloadCheck.Refuse(sample, Options()));
        ShouldRefuse(With(sample, service => service with { Image = "public.ecr.aws/docker/library/busybox:1.37" }), "its image public.ecr.aws/docker/library/busybox:1.37 is not in ECR of eu-central-1");
        ShouldRefuse(With(sample, service => service with { Image = AwsHarness.Image.Replace("eu-central-1", "us-east-1", StringComparison.Ordinal) }), "is not in ECR of eu-central-1");
        var usual = AwsTargetOptions.Parse(new Dictionary<string, string>(StringComparer.Ordinal) { ["region"] = "eu-central-1" });
        Should.Throw<TargetException>(() => AwsWorkloadCheck.Refuse(sample, usual)).Sentence.ShouldContain("files-image");
        Should.NotThrow(() => AwsWorkloadCheck.Refuse(sample with { Egress = new EgressRules(EgressMode.Internet, []) }, usual));
    }

    [Fact]
    public void AFileSystemStaysWhenTheManifestDropsItsLastVolume()
    {
        var without = With(Workload(), service => service with { Volumes = [] });
        Variables(without)["files"]!.GetValue<bool>().ShouldBeFalse();
        Variables(without, hasFiles: true)["files"]!.GetValue<bool>().ShouldBeTrue();
        Variables(without, hasFiles: true)["volumes"]!.AsObject().Count.ShouldBe(0);
        Variables(Workload())["files"]!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public void NewInstancesWithTheSamePartsHaveTheSamePlan()
    {
        var sample = Workload();
        var parts = AwsVariables.PartsOf(Variables(sample));
        AwsVariables.PartsOf(Variables(sample with { Ref = new InstanceRef("i2", "bob", "owner"), Labels = sample.Labels with { Tenant = "bob" } })).ShouldBe(parts);
        AwsVariables.PartsOf(Variables(With(sample, service => service with { Volumes = [] }))).ShouldNotBe(parts);
        AwsVariables.PartsOf(Variables(sample with { EntryPort = null })).ShouldNotBe(parts);
    }

    [Fact]
    public void ACostCenterIsTheTenantsOwnOrItsName()
    {
        Variables(Workload())["cost_center"]!.GetValue<string>().ShouldBe("alice");
        var sample = Workload();
        Variables(sample with { Labels = sample.Labels with { CostCentre = "CC 7/é#1" } })["cost_center"]!.GetValue<string>().ShouldBe("CC 7/é-1", "a tag does not take every sign");
        WorkloadDigest.Of(sample with { Labels = sample.Labels with { CostCentre = "CC" } }).ShouldBe(WorkloadDigest.Of(sample), "no app is restarted for it");
    }

    [Theory]
    [InlineData("eu-central-1", "arn:aws:iam::2:role/OrganizationAccountAccessRole")]
    [InlineData("us-gov-west-1", "arn:aws-us-gov:iam::2:role/OrganizationAccountAccessRole")]
    [InlineData("cn-north-1", "arn:aws-cn:iam::2:role/OrganizationAccountAccessRole")]
    public void ARoleIsNamedInThePartitionOfItsRegion(string region, string arn) =>
        AwsNames.Role("2", AwsTargetOptions.Parse(new Dictionary<string, string>(StringComparer.Ordinal) { ["region"] = region })).ShouldBe(arn);

    [Fact]
    public void VariablesOfAnInstanceInAnAccountOfItsOwnNameItsRole()
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal) { ["region"] = "eu-central-1", ["isolation"] = "account", ["account-email"] = "aws+{tenant}@example.com", ["files-image"] = AwsHarness.Image };
        JsonNode.Parse(AwsRendered.Of(Workload(), options, null, "123456789012").Variables)!["role_arn"]!.GetValue<string>().ShouldBe("arn:aws:iam::123456789012:role/OrganizationAccountAccessRole");
        AwsRendered.Of(Workload(), options, null).Notes.ShouldContain(note => note.Contains("role_arn in this file is empty", StringComparison.Ordinal));
    }

    [Fact]
    public void WhatAnInstanceCostsIsSumOfItsParts()
    {
        var estimate = AwsPrices.Known.Estimate(Variables(Workload()), "eu-central-1").ShouldNotBeNull();
        estimate.Total.Amount.ShouldBe(estimate.Lines.Sum(line => line.Amount));
        // 0.5 of a processor and 1 GiB: what the smallest size with 0.5 processors has.
        estimate.Lines[0].ShouldBe(new EstimateLine("1 task", decimal.Round(((0.5m * 0.04048m) + 0.004445m) * 730, 2), StopsAsleep: true));
        estimate.Note.ShouldBe("prices are those of us-east-1, the instance is in eu-central-1");
        estimate.KeptAsleep.ShouldNotContain(line => line.What.Contains("task", StringComparison.Ordinal));
    }

    [Fact]
    public void EachPriceHasItsSource()
    {
        var known = AwsPrices.Known;
        (string Name, object Price)[] prices =
        [
            ("fargate", known.Fargate), ("balancerHour", known.BalancerHour), ("balancerUnitHour", known.BalancerUnitHour), ("natHour", known.NatHour), ("addressHour", known.AddressHour), ("endpointHour", known.EndpointHour),
            ("secretMonth", known.SecretMonth), ("alarmMonth", known.AlarmMonth), ("dashboardMonth", known.DashboardMonth), ("volumeGibMonth", known.VolumeGibMonth), ("redisHour", known.RedisHour),
        ];
        known.Sources.Keys.ShouldBe(prices.Select(price => price.Name), ignoreOrder: true);
        known.Sources.Values.ShouldAllBe(page => page.StartsWith("https://aws.amazon.com/", StringComparison.Ordinal));
        known.Source.ShouldContain("not verified");
    }

    [Fact]
    public void ARequestIsSignedAsAwsDescribesIt()
    {
        // The examples of AWS's own documentation of Signature Version 4 for S3.
        Signature("?lifecycle").ShouldBe("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
        Signature("?prefix=J&max-keys=2").ShouldBe("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    }

    private static string Signature(string query)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://examplebucket.s3.amazonaws.com/" + query);
        SignatureV4.Sign(request, [], new AwsKeys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", null, null), "s3", "us-east-1", new DateTimeOffset(2013, 5, 24, 0, 0, 0, TimeSpan.Zero));
        return request.Headers.GetValues("Authorization").Single().Split("Signature=")[1];
    }

    [Theory]
    [InlineData("terraform,tofu", "terraform")]
    [InlineData("tofu", "tofu")]
    [InlineData("", null)]
    public void OpenTofuIsTakenWhereThereIsNoTerraform(string there, string? chosen) =>
        AwsHost.Choose(["terraform", "tofu"], name => there.Split(',').Contains(name, StringComparer.Ordinal)).ShouldBe(chosen);

    [Fact]
    public void KeysAreNotPrinted() => new AwsKeys("AKIA1", "very-secret", "token", null).ToString().ShouldBe("access key AKIA1");

    [Fact]
    public void AProfileOfTheSharedFileIsFound()
    {
        string[] lines = ["[default]", "aws_access_key_id = A", "aws_secret_access_key=B=", "# x", "[other]", "aws_access_key_id = C"];
        AwsCredentials.ReadProfile(lines, "default").ShouldBe(new AwsKeys("A", "B=", null, null));
        AwsCredentials.ReadProfile(lines, "other").ShouldBeNull();
    }

    [Theory]
    [InlineData("""{"__type":"com.amazonaws.ecs#ClusterNotFoundException:http://x/","message":"no"}""", "ClusterNotFoundException", "no")]
    [InlineData("""{"__type":"AccessDeniedException","Message":"not you"}""", "AccessDeniedException", "not you")]
    [InlineData("<html>", "502", "<html>")]
    public void AnErrorIsRead(string answer, string code, string message)
    {
        var error = AwsAnswers.JsonError(System.Text.Encoding.UTF8.GetBytes(answer), HttpStatusCode.BadGateway);
        (error.Code, error.Message).ShouldBe((code, message));
    }

    private static void ShouldRefuse(InstanceWorkload workload, string sentence) =>
        Should.Throw<TargetException>(() => AwsWorkloadCheck.Refuse(workload, Options())).Sentence.ShouldContain(sentence);

    private static InstanceWorkload With(InstanceWorkload workload, Func<ServiceWorkload, ServiceWorkload> change) => workload with { Services = [change(workload.Services[0])] };

    private static JsonObject Variables(InstanceWorkload workload, bool hasFiles = false) => AwsVariables.Of(Parts(workload) with { HasFiles = hasFiles }, Options());

    private static AwsVariableParts Parts(InstanceWorkload workload) =>
        new(workload, new AwsTier(), IPNetwork.Parse("10.4.0.0/16"), "arn:aws:secretsmanager:eu-central-1:1:secret:x", new Dictionary<string, string>(StringComparer.Ordinal));

    private static InstanceWorkload Workload()
    {
        var sample = SampleApp.Make("alice", "owner");
        var env = sample.Services[0].Env.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        env["TOKEN_URL"] = "https://x/?t=canary-secret-value";
        return sample with { Ref = new InstanceRef("i1", "alice", "owner"), Digest = "sha256:0", Services = [sample.Services[0] with { Image = AwsHarness.Image, Env = env }] };
    }

    private static AwsTargetOptions Options(params string[] more) => Parse(["region=eu-central-1", $"files-image={AwsHarness.FilesImage}", .. more]);

    private static AwsTargetOptions Parse(string[] options) =>
        AwsTargetOptions.Parse(options.Select(pair => pair.Split('=', 2)).DistinctBy(pair => pair[0]).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal));
}
