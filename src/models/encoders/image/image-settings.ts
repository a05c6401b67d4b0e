/** How an image becomes the square of pixels that an encoder sees. */
export const resamplings = [
  'nearest',
  'bilinear',
  'bicubic',
  'lanczos',
  'pillow-nearest',
  'pillow-box',
  'pillow-bilinear',
  'pillow-hamming',
  'pillow-bicubic',
  'pillow-lanczos',
] as const;
export const fits = ['fill', 'cover', 'contain'] as const;
export const cropRoundings = ['down', 'even'] as const;

/** How an image is decoded and resized for an encoder. */
export interface ImageSettings {
  /** Width and height of the result in pixels. */
  size: number;
  /**
   * The resizing filter, widened when shrinking: libvips', which is faster, or Pillow's, which encoders from the Hub were
   * trained with. @default 'bicubic'
   */
  resampling?: (typeof resamplings)[number];
  /** `fill` stretches, `cover` scales the shorter side and crops the centre, `contain` adds white borders. @default 'cover' */
  fit?: (typeof fits)[number];
  /**
   * What the shorter side (`cover`) or both sides (`fill`) are scaled to before the centre of `size` is cropped. Where it is less
   * than `size`, Pillow's filters leave black around the picture, as transformers does. @default size
   */
  shorterSide?: number | undefined;
  /**
   * Where an odd number of pixels is cropped: the margin before the centre is rounded down, as transformers does, or to the even
   * number, as torchvision, timm and open_clip do. @default 'down'
   */
  cropRounding?: (typeof cropRoundings)[number] | undefined;
}
