using Tenantry.Model.Manifests;
using Tenantry.Model.Manifests.Importing;

namespace Tenantry.Model.Tests.Manifests.Importing;

/// <summary>A Compose file with a service for each tenant, as people write them.</summary>
public class ComposeImporterTests
{
    private const string Text = """
        x-defaults: &defaults
          image: agent:latest
          restart: unless-stopped
          command: agent gateway
          deploy:
            resources:
              limits: { memory: 128M, cpus: "0.25" }
              reservations: { memory: 32M, cpus: "0.05" }
          healthcheck: { test: ["CMD-SHELL", "wget -qO- http://localhost:9090/healthz || exit 1"], interval: 30s }
        services:
          tenant-shop-ahmad:
            <<: *defaults
            container_name: zc-shop-ahmad
            environment: [MODEL=sonnet, NAME=shop-ahmad, "BOT_TOKEN=123:canary"]
            volumes: ["shop-ahmad-data:/data", "./tenants/shop-ahmad/config.json:/data/config.json:ro"]
            labels: { com.example.tenant: shop-ahmad }
          tenant-shop-fatimah:
            <<: *defaults
            environment: [MODEL=opus, NAME=shop-fatimah]
            volumes: ["shop-fatimah-data:/data", "./tenants/shop-fatimah/config.json:/data/config.json:ro", "/etc/ssl:/ssl:ro"]
            labels: { com.example.tenant: shop-fatimah }
            privileged: true
            deploy: { resources: { limits: { memory: 256M } } }
          caddy:
            image: caddy:2
        """;

    private static ComposeImport Read(string text = Text, string env = "") => ComposeImporter.Read(
        text, new NoFiles(), null, path => path.EndsWith("config.json", StringComparison.Ordinal) ? $"canary in {path}" : null, EnvFile.Read(env).GetValueOrDefault);

    [Fact]
    public void EachServiceBecomesATenantOfOneApp()
    {
        var import = Read();

        var manifest = ManifestReader.Read(import.Manifest, "tenantry.yaml").ShouldBeGood();
        (manifest.App, manifest.Services.Single().Image).ShouldBe(("agent", "agent:latest"));
        import.Tenants.Select(tenant => (tenant.Name, tenant.Service, tenant.Container)).ShouldBe([("shop-ahmad", "tenant-shop-ahmad", "zc-shop-ahmad"), ("shop-fatimah", "tenant-shop-fatimah", null)]);
        manifest.Services[0].Volumes.Single().Path.ShouldBe("/data");
        import.Tenants.ShouldAllBe(tenant => tenant.Volumes["/data"] == "data");
        manifest.Services[0].Health!.Http!.Path.ShouldBe("/healthz");
    }

    [Fact]
    public void WhatTenantsHaveOfTheirOwnBecomesFeaturesSecretsAndTiers()
    {
        var import = Read();

        var manifest = ManifestReader.Read(import.Manifest, "tenantry.yaml").ShouldBeGood();
        manifest.Services[0].Env["NAME"].ShouldBe("${tenant.name}");
        import.Tenants.Select(tenant => tenant.Features["model"]).ShouldBe(["sonnet", "opus"]);
        import.Tenants[0].Secrets["bot_token"].ShouldBe("123:canary");
        import.Tenants[1].Secrets.Keys.ShouldBe(["config-json"]);
        manifest.FindSecret("bot_token")!.Required.ShouldBeFalse("one of them has none");
        manifest.Services[0].Files.Single().Path.ShouldBe("/data/config.json");
        import.Tenants.Select(tenant => manifest.FindTier(tenant.Tier)!.Memory).ShouldBe([128L << 20, 256L << 20]);
    }

    // Its variables were silently lost, and with them most tenants' keys.
    [Theory]
    [InlineData("env_file: a.env", "environment: [MODEL=opus]")]
    [InlineData("env_file: [{ path: a.env, required: false }]", "environment: { MODEL: opus }")]
    [InlineData("env_file: [none.env, first.env, a.env]", "environment: [MODEL=opus]")]
    public void VariablesOfAnEnvFileAreRead(string files, string environment)
    {
        var text = $"""
            services:
              tenant-ann:
                image: agent:1
                {files}
                {environment}
            """;
        var import = ComposeImporter.Read(
            text, new NoFiles(), null, path => path switch { "a.env" => "# keys\nAPI_KEY='canary$1'\nexport REGION=eu\nMODEL=haiku\n", "first.env" => "REGION=us\n", _ => null }, _ => null);

        var manifest = ManifestReader.Read(import.Manifest, "tenantry.yaml").ShouldBeGood();
        (manifest.Services[0].Env["REGION"], manifest.Services[0].Env["MODEL"]).ShouldBe(("eu", "opus"));
        import.Tenants.Single().Secrets["api_key"].ShouldBe("canary$1");
        import.Manifest.ShouldNotContain("canary");
        import.Notes.ShouldContain(note => note.Text.StartsWith("API_KEY of a.env has a dollar sign", StringComparison.Ordinal));
        import.Notes.Any(note => note.Text.StartsWith("none.env, an env_file of 'tenant-ann'", StringComparison.Ordinal)).ShouldBe(files.Contains("none.env", StringComparison.Ordinal));
        import.Notes.ShouldAllBe(note => !note.Text.Contains("canary", StringComparison.Ordinal));
    }

    [Fact]
    public void NoSecretIsInTheManifestOrTheNotes()
    {
        var import = Read();

        import.Manifest.ShouldNotContain("canary");
        import.Notes.ShouldAllBe(note => !note.Text.Contains("canary", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("'privileged' of 'tenant-shop-fatimah'", "privileged: true")]
    [InlineData("/ssl of 'tenant-shop-fatimah' comes from /etc/ssl", "/etc/ssl:/ssl:ro")]
    [InlineData("'caddy' is no tenant's", "caddy:")]
    public void WhatIsNotCarriedOverIsNamedWithItsLine(string sentence, string line)
    {
        var note = Read().Notes.Single(one => one.Text.Contains(sentence, StringComparison.Ordinal));

        Text.Split('\n')[note.Line - 1].ShouldContain(line);
    }

    [Fact]
    public void AFileWithoutATenantOrWithoutSenseIsRefused()
    {
        Should.Throw<ComposeImportException>(() => Read("services: { web: { build: . } }")).Message.ShouldContain("No service is a tenant's");
        Should.Throw<ComposeImportException>(() => Read("services: [")).Line.ShouldBeGreaterThan(0);
        Should.Throw<ComposeImportException>(() => Read("a: b")).Message.ShouldContain("no services");
    }

    [Fact]
    public void VariablesOfComposeGetTheirValues()
    {
        const string Uses = """
            services:
              tenant-a:
                image: "agent:${VERSION}"
                environment: { MODEL: "${MODEL:-opus}", PLACE: "${REGION-here} ${MISSING:+never}${MODEL:+there}", PRICE: "$$5", NESTED: "${NONE:-${REGION}}" }
                labels: { com.example.tenant: "${CUSTOMER?who}" }
            """;

        var import = Read(Uses, "VERSION=1.2\nCUSTOMER='ahmad'\nMODEL=\nREGION=\"eu $VERSION\"");

        var service = ManifestReader.Read(import.Manifest, "tenantry.yaml").ShouldBeGood().Services[0];
        import.Tenants.Single().Name.ShouldBe("ahmad");
        service.Image.ShouldBe("agent:1.2");
        service.Env.ShouldBe(new Dictionary<string, string>(StringComparer.Ordinal) { ["MODEL"] = "opus", ["PLACE"] = "eu 1.2 ", ["PRICE"] = "$5", ["NESTED"] = "eu 1.2" }, ignoreOrder: true);
    }

    [Fact]
    public void WhatASecretsVariableHoldsBecomesASecretAndIsNeverPrinted()
    {
        const string Uses = """
            services:
              tenant-a:
                image: agent
                command: [agent, --token, "${BOT_TOKEN}"]
                environment: [ "AUTHORIZATION=Bearer ${BOT_TOKEN}", "PLAIN=${PLAIN}" ]
                labels: { com.example.tenant: a }
            """;

        var import = Read(Uses, "BOT_TOKEN=canary$1\nPLAIN=seen");

        import.Tenants.Single().Secrets["authorization"].ShouldBe("Bearer canary$1");
        import.Manifest.ShouldContain("PLAIN: seen");
        (import.Manifest + string.Join('\n', import.Notes)).ShouldNotContain("canary");
        import.Notes.ShouldContain(note => note.Line == 4 && note.Text.Contains("BOT_TOKEN", StringComparison.Ordinal));
    }

    [Fact]
    public void AVariableThatMustBeSetIsAskedForAndOneThatIsNotIsNamed()
    {
        const string Uses = "services:\n  tenant-a:\n    image: agent\n    environment: { A: '${NEEDED:?say whose}' }";
        var refused = Should.Throw<ComposeImportException>(() => Read(Uses, "NEEDED="));
        (refused.Line, refused.Message).ShouldBe((4, "NEEDED is not set: say whose. Set it in the file .env beside this one, or in the environment."));
        Read(Uses.Replace(":?say whose", "", StringComparison.Ordinal)).Notes.ShouldContain(note => note.Line == 4 && note.Text.StartsWith("NEEDED is set neither", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("A=1\n\n# B=2\nexport C = 3 # three", "A=1|C=3")]
    [InlineData("A=\"x \\\"y\\\"\\n$B\"", "A=x \"y\"\n")]
    [InlineData("B=2\nA='as $B is'", "A=as $B is|B=2")]
    [InlineData("A=\"one\ntwo\"\nB=a=b", "A=one\ntwo|B=a=b")]
    [InlineData("B=2\nA=${B}0 \nONLY_A_NAME", "A=20|B=2")]
    public void AnEnvFileIsReadAsComposeReadsIt(string text, string expected) =>
        string.Join('|', EnvFile.Read(text).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}")).ShouldBe(expected);

    [Theory]
    [InlineData("A=1\n2=canary", 2)]
    [InlineData("A=\"canary", 1)]
    public void AnEnvFileThatIsNoneIsRefusedWithItsLineAndWithoutItsValues(string text, int line)
    {
        var wrong = Should.Throw<EnvFileException>(() => EnvFile.Read(text));
        wrong.Line.ShouldBe(line);
        wrong.Message.ShouldNotContain("canary");
    }

    private sealed class NoFiles : IFolderView
    {
        public string Name => "here";

        public IReadOnlyCollection<string> Files => [];

        public string? Read(string path) => null;
    }
}

/// <summary>A manifest that was read without a problem.</summary>
internal static class GoodManifest
{
    public static Manifest ShouldBeGood(this ManifestResult result)
    {
        result.Problems.Select(problem => problem.Message).ShouldBeEmpty();
        return result.Manifest!;
    }
}
