using Tenantry.Model.Builds;

namespace Tenantry.Model.Tests.Builds;

public class InputsDigestTests
{
    private static readonly InputFile A = new("a", InputKind.File, new string('0', 64));
    private static readonly InputFile B = new("b", InputKind.File, new string('1', 64));

    [Fact]
    public void TheOrderOfTheFilesMakesNoDifference() => InputsDigest.Of([A, B]).ShouldBe(InputsDigest.Of([B, A]));

    [Fact]
    public void EveryPathKindAndContentMakesADifference()
    {
        string[] digests =
        [
            InputsDigest.Of([]),
            InputsDigest.Of([A]),
            InputsDigest.Of([A, B]),
            InputsDigest.Of([A with { Path = "c" }]),
            InputsDigest.Of([A with { Kind = InputKind.Executable }]),
            InputsDigest.Of([A with { Kind = InputKind.Link }]),
            InputsDigest.Of([A with { ContentHash = B.ContentHash }]),
        ];

        digests.Distinct().Count().ShouldBe(digests.Length);
    }

    [Fact]
    public void TheDigestOfToldFilesStaysTheSameForever() =>
        InputsDigest.Of([A]).ShouldBe("sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"File {A.ContentHash} a\0"))));
}
