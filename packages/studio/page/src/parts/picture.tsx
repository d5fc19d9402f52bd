/** A picture of the server: as it is, each pixel a square. */

interface PictureProps {
  /** From `testPictureAt` and its like. */
  readonly address: string;
  readonly alt: string;
  /** Width and height on the page; left out: as the style sheet has it. */
  readonly size?: number;
}

export const Picture = ({ address, alt, size }: PictureProps) => (
  <img className="picture" src={address} alt={alt} width={size} height={size} loading="lazy" decoding="async" />
);
