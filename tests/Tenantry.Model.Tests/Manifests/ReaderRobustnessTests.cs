using System.Text;
using System.Text.Json.Nodes;
using Tenantry.Model.Manifests;

namespace Tenantry.Model.Tests.Manifests;

/// <summary>Whatever the text: an answer, with places that exist.</summary>
public sealed class ReaderRobustnessTests
{
    private static readonly string Sample = RepositoryFiles.ReadText("docs", "tenantry.sample.yaml");

    [Theory]
    [InlineData("egress: [\"api.example.comEND\"]")]
    [InlineData("secrets: { key: { generate: \"tokenEND\" } }")]
    public void AValueThatEndsWithALineFeedIsNone(string part)
    {
        string With(string end) => "app: hello\nversion: 1\nservices:\n  web: { command: /bin/true }\n" + part.Replace("END", end, StringComparison.Ordinal);

        ManifestReader.Read(With(""), "x.yaml").Problems.ShouldBeEmpty();
        ManifestReader.Read(With("\\n"), "x.yaml").Problems.ShouldNotBeEmpty();
    }

    [Fact]
    public void DamagedFilesNeverThrowAndEveryProblemHasAPlace()
    {
        var random = new Random(42);
        var schema = (JsonObject)JsonNode.Parse(ManifestSchema.ToJson())!;
        string[] scraps = ["\n", " ", "  ", ":", "- ", "{", "}", "[", "]", "\"", "'", "#", "&a ", "*a", "!x ", "|", ">", "${", "}", "\t", "\0", "é", "😀", "---\n", "...\n", "null", "true", "-1", "0", "%", "@", "<<: ", "? ", "\r\n", "\u2028"];
        var (taken, refused) = (0, 0);
        for (var i = 0; i < 500; i++)
        {
            var text = new StringBuilder(Sample);
            for (var edits = random.Next(1, 4); edits > 0; edits--)
            {
                var at = random.Next(text.Length);
                if (random.Next(2) == 0)
                    text.Remove(at, Math.Min(random.Next(1, 30), text.Length - at));
                else
                    text.Insert(at, scraps[random.Next(scraps.Length)]);
            }
            var damaged = text.ToString();
            var result = ManifestReader.Read(damaged, "x.yaml");
            var lines = damaged.Split('\n').Length;
            foreach (var problem in result.Problems)
            {
                problem.Line.ShouldBeInRange(1, lines + 1, damaged);
                problem.Column.ShouldBeGreaterThan(0, damaged);
                problem.Message.ShouldNotBeNullOrWhiteSpace();
            }
            (result.Manifest is null).ShouldBe(result.Problems.Count > 0);
            if (result.Manifest is null)
            {
                refused++;
                continue;
            }
            taken++;
            SchemaCheck.Refused(schema, YamlAsJson.Parse(damaged)).ShouldBeEmpty(damaged);
        }
        taken.ShouldBeGreaterThan(20);
        refused.ShouldBeGreaterThan(150);
    }

    [Fact]
    public void AFileWithWindowsLineEndingsIsTheSameManifest() =>
        ManifestDigest.Of(ManifestReader.Read(Sample.ReplaceLineEndings("\r\n"), "x").Manifest.ShouldNotBeNull())
            .ShouldBe(ManifestDigest.Of(ManifestReader.Read(Sample, "x").Manifest.ShouldNotBeNull()));

    [Fact]
    public void AByteOrderMarkIsNoMistake() =>
        ManifestReader.Read("\ufeffapp: hello\nversion: 1\nservices: { web: { command: /bin/true } }\n", "x").Problems.ShouldBeEmpty();

    [Fact]
    public void AliasesThatMultiplyAreStopped()
    {
        var text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 12; i++)
            text.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        ManifestReader.Read(text.ToString(), "x").Problems.ShouldHaveSingleItem().Message.ShouldContain("more than 200000 values");
    }

    [Fact]
    public void DeepNestingAndHugeFilesAreStopped()
    {
        ManifestReader.Read(new string('[', 5000), "x").Problems.ShouldHaveSingleItem().Message.ShouldContain("levels deep");
        ManifestReader.Read(string.Concat(Enumerable.Repeat("{a: ", 5000)), "x").Problems.ShouldHaveSingleItem().Message.ShouldContain("levels deep");
        ManifestReader.Read(new string('#', 1_000_001), "x").Problems.ShouldHaveSingleItem().Message.ShouldContain("longer than");
    }

    [Fact]
    public void HalfACharacterIsRefusedAndAWholeOneTaken()
    {
        const string before = "app: hello\nversion: 1\nservices: { web: { command: /bin/true, env: { A: \"";
        ManifestReader.Read(before + "\\uD83D\" } } }\n", "x").Problems.ShouldHaveSingleItem().Message.ShouldContain("surrogate");
        ManifestReader.Read(before + "\\U0001F600 😀\" } } }\n", "x").Manifest.ShouldNotBeNull().Services[0].Env["A"].ShouldBe("😀 😀");
    }

    [Fact]
    public void AMessageNeitherSteersTheTerminalNorFloodsIt()
    {
        var long_ = new string('k', 1000);
        var problems = ManifestReader.Read($"app: \"\\e[2J\"\n\"\\e]0;x\\a\": 1\n{long_}: 1\nversion: [1]\nsleep: {long_}\n", "x").Problems;
        problems.Count.ShouldBeGreaterThan(3);
        foreach (var problem in problems)
        {
            problem.ToString().Any(char.IsControl).ShouldBeFalse();
            problem.Message.Length.ShouldBeLessThan(1100);
            problem.Path.Length.ShouldBeLessThan(200);
        }
    }

    [Fact]
    public void AnAnchorCannotHoldItself() =>
        ManifestReader.Read("app: &a [*a]\n", "x").Problems.ShouldHaveSingleItem().Message.ShouldContain("'&a'");

    [Fact]
    public void ProblemsAreInTheOrderOfTheFile()
    {
        var problems = GoldenTests.Inputs().SelectMany(text => new[] { ManifestReader.Read(text, "x").Problems }).ToList();
        foreach (var list in problems)
            list.ShouldBe(list.OrderBy(p => p.Line).ThenBy(p => p.Column).ThenBy(p => p.Path, StringComparer.Ordinal));
    }
}
