using System.Text;
using Tenantry.Model.Manifests;

namespace Tenantry.Model.Tests.Manifests;

/// <summary>Each folder below init gives the manifest NAME.yaml beside it. TENANTRY_WRITE_GOLDEN=1 writes them.</summary>
public sealed class ManifestInitTests
{
    private static readonly string Folder = Path.Combine(RepositoryFiles.Root, "tests", "Tenantry.Model.Tests", "Manifests", "init");

    public static TheoryData<string> Names => [.. Directory.GetDirectories(Folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void WritesTheExpectedManifestAndTheReaderTakesIt(string name)
    {
        var draft = ManifestInit.Write(new FolderOnDisk(Path.Combine(Folder, name)));
        var expectedFile = Path.Combine(Folder, name + ".yaml");
        if (Environment.GetEnvironmentVariable("TENANTRY_WRITE_GOLDEN") == "1")
            File.WriteAllText(expectedFile, draft.Text);
        draft.Text.ShouldBe(File.ReadAllText(expectedFile));
        ManifestReader.Read(draft.Text, "tenantry.yaml").Problems.ShouldBeEmpty();
    }

    [Fact]
    public void ADockerfileSaysPortsUserVolumesAndHealth()
    {
        var service = Read("dockerfile").Services.ShouldHaveSingleItem();
        service.Ports.Select(p => p.Number).ShouldBe([8080, 9090]);
        service.User.ShouldBe("1000:1000");
        service.Volumes.Select(v => v.Path).ShouldBe(["/data", "/var/cache/app"], ignoreOrder: true);
        service.Health!.Http.ShouldBe(new HttpProbe { Path = "/healthz", Port = 8080 });
        service.Health.Retries.ShouldBe(5);
        service.Command.ShouldBe(["node", "server.js", "--greeting", "say \"hi\""]);
        service.StopSignal.ShouldBe("SIGINT");
    }

    [Fact]
    public void ACompositionKeepsNoSecretAndPointsServicesAtEachOther()
    {
        var draft = ManifestInit.Write(new FolderOnDisk(Path.Combine(Folder, "compose")));
        draft.Text.ShouldNotContain("s3cr3t");
        draft.Text.ShouldNotContain("abc");
        var manifest = Read("compose");
        var web = manifest.FindService("web-app").ShouldNotBeNull();
        web.Env["DATABASE_URL"].ShouldBe("postgres://shop:${secret.postgres_password}@${service.db.host}:5432/shop");
        web.Env["CACHE_HOST"].ShouldBe("${service.cache.host}");
        ReferenceExpander.Expand(web.Env["PRICE"], _ => null).ShouldBe("$5 and ${x}");
        web.DependsOn.ShouldBe(["db", "cache"]);
        manifest.Entry.ShouldBe("web-app");
        manifest.FindTier("default")!.Memory.ShouldBe((512L + 256) << 20);
        manifest.FindSecret("postgres_password")!.Generate.ShouldNotBeNull();
        manifest.FindSecret("openai_api_key")!.Generate.ShouldBeNull("nobody can make up a key to somebody else's service");
        foreach (var told in (string[])["config.json", "env_file", "privileged", "bad-name", "root", "5432", "The value of POSTGRES_PASSWORD in the Compose file is not taken over"])
            draft.Notes.ShouldContain(note => note.Contains(told, StringComparison.Ordinal), told);
    }

    [Fact]
    public void TheNameOfTheFolderIsMadeValid() =>
        ManifestInit.Write(new FolderOfTexts("My App_2!")).Text.ShouldContain("\napp: my-app-2\n");

    [Theory]
    [InlineData("compose.yaml", "services: [")]
    [InlineData("compose.yaml", "services: {}\n")]
    [InlineData("compose.yaml", "services: { web: 5, db: [x] }\n")]
    [InlineData("compose.yaml", "- x\n")]
    [InlineData("compose.yaml", "services: { web: { image: 5, ports: { a: b }, volumes: x, environment: 7, depends_on: 3, healthcheck: [], command: {}, build: [], deploy: x, user: [1] } }")]
    [InlineData("compose.yaml", "services: { \"\": { image: \"\" }, A b: { image: x }, a-b: { image: y } }")]
    [InlineData("package.json", "{")]
    [InlineData("package.json", "[]")]
    [InlineData("package.json", """{ "name": 5, "version": null, "scripts": [], "main": {}, "engines": "x" }""")]
    [InlineData("package.json", """{ "name": "", "version": " \n", "scripts": { "start": "a && b | c > \"d\" ${tenant.x} $HOME 'e" } }""")]
    [InlineData("Dockerfile", "")]
    [InlineData("Dockerfile", "FROM x\nCMD [\"a\nEXPOSE x 0 99999 80-90\nVOLUME [1]\nUSER root\nHEALTHCHECK NONE\nHEALTHCHECK --interval=x CMD\nWORKDIR a\nSTOPSIGNAL 9\nENTRYPOINT\nVOLUME /\nVOLUME data /usr/x:y\n")]
    [InlineData("Dockerfile", "from x\nworkdir /a b\nuser a b\ncmd \\\nHEALTHCHECK CMD [\"curl\", \"http://localhost:99999999999/\"]\nHEALTHCHECK CMD wget http://127.0.0.1\nRUN <<E\nnever closed")]
    public void WhateverIsInTheFilesTheReaderTakesTheResult(string file, string text)
    {
        var draft = ManifestInit.Write(new FolderOfTexts("app", (file, text)));
        ManifestReader.Read(draft.Text, "tenantry.yaml").Problems.ShouldBeEmpty(draft.Text);
    }

    [Fact]
    public void DamagedFilesStillGiveAManifestThatTheReaderTakes()
    {
        var random = new Random(11);
        var originals = ((string Folder, string File)[])[("dockerfile", "Dockerfile"), ("compose", "compose.yaml"), ("package-json", "package.json")];
        string[] scraps = ["\n", " ", ":", "- ", "{", "}", "[", "]", "\"", "'", "#", "*", "!", "|", "${", "$$", "\\", "/", "0", "é", "😀", "\t", "${tenant.name}"];
        for (var i = 0; i < 600; i++)
        {
            var (folder, file) = originals[i % originals.Length];
            var text = new StringBuilder(File.ReadAllText(Path.Combine(Folder, folder, file)));
            for (var edits = random.Next(1, 6); edits > 0; edits--)
            {
                var at = random.Next(text.Length);
                if (random.Next(2) == 0)
                    text.Remove(at, Math.Min(random.Next(1, 12), text.Length - at));
                else
                    text.Insert(at, scraps[random.Next(scraps.Length)]);
            }
            var draft = ManifestInit.Write(new FolderOfTexts("app", (file, text.ToString())));
            ManifestReader.Read(draft.Text, "tenantry.yaml").Problems.ShouldBeEmpty($"{text}\n=====\n{draft.Text}");
        }
    }

    [Fact]
    public void AFolderOfPagesIsServedWithoutItsDotFilesAndTheManifest()
    {
        var draft = ManifestInit.Write(new FolderOfTexts("site", ("index.html", "<h1>"), (".env", "PASSWORD=x"), ("a/.htpasswd", "x"), (".well-known/security.txt", "x")));
        var inputs = new Tenantry.Model.Builds.InputGlobs(ManifestReader.Read(draft.Text, "tenantry.yaml").Manifest!.Build!.Inputs);

        new[] { "index.html", "a/b.css", ".well-known/security.txt", ".env", "a/.htpasswd", ".git/config", ".vscode/settings.json", "tenantry.yaml" }.Where(inputs.Contains)
            .ShouldBe(["index.html", "a/b.css", ".well-known/security.txt"]);
    }

    private static Manifest Read(string name) =>
        ManifestReader.Read(ManifestInit.Write(new FolderOnDisk(Path.Combine(Folder, name))).Text, "tenantry.yaml").Manifest.ShouldNotBeNull();
}
